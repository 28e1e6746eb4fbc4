"""Wavefront OBJ meshes: vertices in the order of the file, their colours, faces and textures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mmengine.logging import print_log

from ..structures.color_range import colors_in_255
from .mesh import MeshPart
from .text_encoding import decode_text
from .textures import decode_texture

_WIDTHS = (3, 4, 6, 7)  # xyz, xyz w, xyz rgb, xyz rgb a
MAX_INDEX = 2**31 - 1


def load_obj(path: Path) -> list[MeshPart]:
    """The mesh of an OBJ file.

    Colours are those behind the coordinates of vertices, else of the textures that its material files name;
    materials or pictures that are missing are told, and their faces have no colours.

    Raises:
        ValueError: A line holds no numbers, or a face names a vertex that is not there.

    Source: Wavefront, Advanced Visualizer manual, appendix B1 (object files).
    """
    text = decode_text(path.read_bytes()).replace('\\\r\n', ' ').replace('\\\n', ' ')
    rows = [line.partition('#')[0].split() for line in text.splitlines()]
    table = _table('v', rows, _WIDTHS)
    if not len(table):
        raise ValueError('empty cloud: the file has no line v x y z')
    if table.shape[1] == 4 and not (table[:, 3] == 1).all():
        raise ValueError('v: expected 1 as the fourth number of all vertices')
    vertices = table[:, :3]
    color = colors_in_255(table[:, 3:6])[0] if table.shape[1] > 4 else None
    faces, uv_index, material = _faces(rows)
    if color is not None or (uv_index < 0).all():
        return [MeshPart(vertices, faces, color)]
    pictures = _pictures(path, rows)
    names = list(pictures)
    places = np.vstack([_table('vt', rows, (1, 2, 3))[:, :2], np.full((1, 2), np.nan)])
    if uv_index.max() >= len(places) - 1:
        raise ValueError(f'vt: expected indices of {len(places) - 1} places, got {uv_index.max()}')
    which = np.array([names.index(name) if name in pictures else -1 for name in material], dtype=np.int64)
    return [MeshPart(vertices, faces, None, places[uv_index], tuple(pictures.values()), which)]


def _table(key: str, rows: Sequence[list[str]], widths: Sequence[int]) -> np.ndarray:
    """(N, C) float64 numbers behind a key, C at least 2."""
    found = [row[1:] for row in rows if row and row[0] == key]
    counts = set(map(len, found))
    if len(counts) > 1 or not counts <= set(widths):
        raise ValueError(
            f'{key}: expected {" or ".join(map(str, widths))} numbers in all lines, got {sorted(counts)}'
        )
    table = np.array(found, dtype=np.float64).reshape(len(found), max(counts, default=0))
    return table if table.shape[1] >= 2 else np.zeros((len(found), 2))


def _faces(rows: Sequence[list[str]]) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Vertices and texture places of triangles, both (F, 3), the latter -1 for none, and their materials.

    Polygons become fans. Negative indices count back from the line in which they stand.
    """
    faces, uv, materials = [], [], []
    material, seen = '', {'v': 0, 'vt': 0}
    for row in rows:
        key = row[0] if row else ''
        if key in seen:
            seen[key] += 1
        elif key == 'usemtl':
            material = ' '.join(row[1:])
        elif key == 'f':
            corners = [_corner(word, seen) for word in row[1:]]
            if len(corners) < 3:
                raise ValueError(f'f: expected three corners at least, got {" ".join(row)!r}')
            for second, third in zip(corners[1:], corners[2:]):
                triangle = (corners[0], second, third)
                faces.append([corner[0] for corner in triangle])
                uv.append([corner[1] for corner in triangle])
                materials.append(material)
    shape = (len(faces), 3)
    return np.array(faces, np.int64).reshape(shape), np.array(uv, np.int64).reshape(shape), materials


def _corner(word: str, seen: dict[str, int]) -> tuple[int, int]:
    """Indices from 0 of a corner's vertex and texture place, -1 for no place."""
    words = word.split('/')
    vertex, place = int(words[0]), int(words[1]) if len(words) > 1 and words[1] else 0
    if max(abs(vertex), abs(place)) > MAX_INDEX:
        raise ValueError(f'f: expected indices of at most {MAX_INDEX}, got {word!r:.60}')
    vertex = vertex - 1 if vertex >= 0 else seen['v'] + vertex
    if place < 0:
        place += seen['vt'] + 1
        if place < 1:
            raise ValueError(f'f: expected a place among {seen["vt"]}, got {word!r}')
    return vertex, place - 1


def _pictures(path: Path, rows: Sequence[list[str]]) -> dict[str, np.ndarray]:
    """(H, W, 3) uint8 pictures of the materials that have one."""
    pictures = {}
    for file in (path.parent / ' '.join(row[1:]) for row in rows if row[:1] == ['mtllib']):
        if not file.is_file():
            print_log(f'{path.name}: material file {file.name} is missing', logger='current')
            continue
        name = ''
        for row in (line.split() for line in decode_text(file.read_bytes()).splitlines()):
            if row[:1] == ['newmtl']:
                name = ' '.join(row[1:])
            elif row[:1] == ['map_Kd']:
                picture = _picture(file.parent / ' '.join(row[1:]).replace('\\', '/'))
                if picture is not None:
                    pictures[name] = picture
    return pictures


def _picture(path: Path) -> np.ndarray | None:
    """(H, W, 3) uint8 of a picture; None where it is missing, which is logged."""
    if not path.is_file():
        print_log(f'texture {path.name} is missing', logger='current')
        return None
    return decode_texture(path.read_bytes(), f'texture {path.name}')
