"""Scan files: read point clouds and meshes of many formats into one `Scan`."""

from __future__ import annotations

import os
from pathlib import Path

from .arrays import read_npy, read_npz, scan_of_arrays
from .completion import known_colors, known_normals
from .e57 import read_e57
from .frame import METRES_Z_UP, ScanFrame
from .las import read_las
from .mesh_files import MESH_LOADERS, read_mesh
from .pcd import read_pcd
from .plausibility import doubts
from .ply import read_ply
from .raw_rows import read_bin
from .scan import Scan, make_scan
from .text import read_text
from .upright import UP_AXES, turn_about_z, turn_upright, upright_turn

__all__ = [
    'MESH_LOADERS',
    'METRES_Z_UP',
    'READERS',
    'UP_AXES',
    'Scan',
    'ScanFrame',
    'doubts',
    'known_colors',
    'known_normals',
    'make_scan',
    'read_scan',
    'scan_of_arrays',
    'turn_about_z',
    'turn_upright',
    'upright_turn',
]

READERS = {
    '.ply': read_ply,
    '.pcd': read_pcd,
    '.npy': read_npy,
    '.npz': read_npz,
    **dict.fromkeys(('.asc', '.csv', '.pts', '.txt', '.xyz', '.xyzrgb'), read_text),
    '.bin': read_bin,
    **dict.fromkeys(('.las', '.laz'), read_las),
    '.e57': read_e57,
    **dict.fromkeys(('.obj', '.glb', '.stl'), read_mesh),
}


def read_scan(path: str | os.PathLike, sample: int | None = None) -> Scan:
    """Read one scan file, the format told by its extension.

    Args:
        path: A file whose ending is among `READERS`, with coordinates in metres.
        sample: Number of points to draw on the surface of a mesh; None for the points or vertices.

    Returns:
        The points in the order of the file, or those drawn; coordinates keep float64, colours are 0..255.

    Raises:
        ValueError: Naming the file and the matter, for a file that is missing, truncated, empty
            or of an unknown kind, that promises more than it holds, and for coordinates, colours,
            normals or labels that make no sense.
        OSError: Naming the file, when it cannot be read.
    """
    path = Path(path)
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise ValueError(f'{path}: expected a file ending in {", ".join(READERS)}, got {path.suffix!r}')
    if not path.is_file():
        raise ValueError(f'{path}: no such file')
    try:
        return reader(path) if sample is None else read_mesh(path, sample)
    except OSError as error:
        if error.filename is not None:
            raise
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
    except ValueError as error:
        raise ValueError(f'{path}: {error}') from error
