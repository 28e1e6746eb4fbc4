"""PLY writer: a coloured, labelled point cloud for MeshLab, CloudCompare and Blender."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import numpy as np
from plyfile import PlyElement

from .ply_file import write_ply_elements


def write_ply(
    path: str | os.PathLike,
    xyz: np.ndarray,
    color: np.ndarray,
    label: np.ndarray | None = None,
    names: Sequence[str] = (),
    columns: Mapping[str, np.ndarray] | None = None,
) -> None:
    """Write a binary PLY.

    Args:
        path: The file; it appears whole or not at all.
        xyz: (P, 3) coordinates in metres. float64 is kept, so that places far from the origin stay
            exact; other types are written as float32.
        color: (P, 3) in 0..255, rounded to whole numbers.
        label: (P,) class indices, written as property `label`.
        names: Class names, written as comments "label <index> <name>".
        columns: Further properties (P,) by name, such as `nx` or `confidence`; float64 and whole numbers of
            64 bits are written as doubles.

    Raises:
        ValueError: When lengths do not agree or colours lie outside 0..255.
    """
    xyz, color = np.asarray(xyz), np.asarray(color)
    if xyz.ndim != 2 or xyz.shape[1] != 3:
        raise ValueError(f'xyz: expected shape (P, 3), got {xyz.shape}')
    if color.shape != xyz.shape:
        raise ValueError(f'color: expected shape {xyz.shape}, got {color.shape}')
    if color.size and not (color.min() >= 0 and color.max() <= 255):
        raise ValueError(f'color: expected 0..255, got {color.min()} .. {color.max()}')
    if label is not None and np.shape(label) != (len(xyz),):
        raise ValueError(f'label: expected shape ({len(xyz)},), got {np.shape(label)}')
    place = 'f8' if xyz.dtype == np.float64 else 'f4'
    fields = [(axis, place) for axis in 'xyz']
    fields += [(channel, 'u1') for channel in ('red', 'green', 'blue')]
    fields += [('label', 'i4')] if label is not None else []
    columns = columns or {}
    fields += [(name, _stored(np.asarray(values).dtype)) for name, values in columns.items()]
    vertex = np.empty(len(xyz), dtype=fields)
    for name, values in columns.items():
        vertex[name] = values
    for i, axis in enumerate('xyz'):
        vertex[axis] = xyz[:, i]
    for i, channel in enumerate(('red', 'green', 'blue')):
        vertex[channel] = np.rint(color[:, i])
    if label is not None:
        vertex['label'] = label
    comments = [f'label {i} {name}' for i, name in enumerate(names)]
    write_ply_elements(path, [PlyElement.describe(vertex, 'vertex')], comments)


def _stored(dtype: np.dtype) -> str:
    """The type of a PLY property that holds the numbers of a NumPy type."""
    if dtype.kind == 'b':
        return 'u1'
    if dtype.kind == 'f':
        return 'f8' if dtype.itemsize > 4 else 'f4'
    return f'{dtype.kind}{dtype.itemsize}' if dtype.itemsize <= 4 else 'f8'
