"""STL meshes, binary and ASCII; vertices that faces share are one."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from .mesh import MeshPart
from .text_encoding import decode_text

_HEADER = 84
_FACE = np.dtype([('normal', '<f4', 3), ('corners', '<f4', (3, 3)), ('attributes', '<u2')])
_VERTEX = re.compile(r'\bvertex\s+(\S+)\s+(\S+)\s+(\S+)', re.IGNORECASE)


def load_stl(path: Path) -> list[MeshPart]:
    """The triangles of an STL file.

    Raises:
        ValueError: It is truncated, longer than its header says, or no STL.
    """
    raw = path.read_bytes()
    count = int.from_bytes(raw[80:_HEADER], 'little')
    if len(raw) >= _HEADER and len(raw) == _HEADER + count * _FACE.itemsize:
        corners = np.frombuffer(raw, _FACE, count, _HEADER)['corners'].reshape(-1, 3)
    elif raw.lstrip()[:5].lower() == b'solid':
        corners = _ascii_corners(decode_text(raw))
    else:
        raise ValueError(
            f'not a whole STL file: the header promises {count} faces in {_HEADER + count * _FACE.itemsize} '
            f'bytes, the file has {len(raw)}'
        )
    vertices, faces = np.unique(corners.astype(np.float64), axis=0, return_inverse=True)
    return [MeshPart(vertices, faces.reshape(-1, 3))]


def _ascii_corners(text: str) -> np.ndarray:
    """(3 F, 3) corners of a text."""
    lower = text.lower()
    opened, closed = (len(re.findall(rf'\b{word}\b', lower)) for word in ('facet', 'endfacet'))
    if 'endsolid' not in lower or opened != closed:
        raise ValueError(f'truncated: {opened} facets begin, {closed} end, or endsolid is missing')
    corners = _VERTEX.findall(text)
    if len(corners) != 3 * opened or len(re.findall(r'\bvertex\b', lower)) != len(corners):
        raise ValueError(
            f'not a whole STL file: expected 3 corners for each of {opened} faces, got {len(corners)}'
        )
    return np.array(corners, dtype=np.float64).reshape(-1, 3)
