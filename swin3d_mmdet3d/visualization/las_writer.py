"""LAS writer: a classified point cloud for surveyors' software."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..atomic_write import atomic_write
from ..optional_packages import optional_package

UNLABELLED = 255
MOST_CLASSES = 255
FINEST = 1e-6  # m, of coordinates that come without a grid
WHOLE = 2**31 - 1  # largest whole number that a coordinate is stored as
ON_GRID = 1e-3  # of a step
NAMES_RECORD = ('swin3d_mmdet3d', 1)  # record with the names of the classes as JSON


def write_las(
    path: str | os.PathLike,
    xyz: np.ndarray,
    color: np.ndarray | None = None,
    label: np.ndarray | None = None,
    names: Sequence[str] = (),
    grid: np.ndarray | None = None,
    confidence: np.ndarray | None = None,
) -> None:
    """Write LAS 1.4 of point format 7, or 6 without colours; compressed where the path ends in .laz.

    These formats hold classes up to 255, those before them up to 31 alone.

    Args:
        path: The file; it appears whole or not at all.
        xyz: (P, 3) finite coordinates.
        color: (P, 3) in 0..255, stored in 16 bits; or None.
        label: (P,) class indices, stored as classification; 255 is unlabelled.
        names: Class names, kept whole in a record of this package and in 15 ASCII characters in LAS's own.
        grid: (2, 3) scale and offset of the whole numbers that coordinates are stored as. Without it, or
            where coordinates do not lie on it, steps are 1e-6 m, or wider as the extent needs.
        confidence: (P,) of each label in [0, 1], stored as an extra dimension; or None.

    Raises:
        ValueError: Laspy (or lazrs) is missing; lengths do not agree; coordinates are not finite, colours lie
            outside 0..255, or classes beyond 255.
    """
    laspy = optional_package('laspy', 'formats', 'writing LAS files')
    if Path(path).suffix.lower() == '.laz':
        optional_package('lazrs', 'formats', 'writing LAZ files')
    xyz = np.asarray(xyz, dtype=np.float64)
    _check(xyz, color, label, names)
    header = laspy.LasHeader(point_format=6 if color is None else 7, version='1.4')
    header.scales, header.offsets = grid if _lies_on(xyz, grid) else own_grid(xyz)
    if names:
        header.vlrs.extend(name_records(laspy, names))
    if confidence is not None:
        header.add_extra_dim(laspy.ExtraBytesParams(name='confidence', type=np.float32))
    data = laspy.LasData(header)
    data.points = laspy.ScaleAwarePointRecord.zeros(len(xyz), header=header)
    for axis, whole in zip('XYZ', np.rint((xyz - header.offsets) / header.scales).astype(np.int32).T):
        setattr(data, axis, whole)
    if color is not None:
        for name, channel in zip(('red', 'green', 'blue'), np.rint(np.asarray(color, np.float64) * 257).T):
            setattr(data, name, channel.astype(np.uint16))
    if label is not None:
        data.classification = np.asarray(label).astype(np.uint8)
    if confidence is not None:
        data.confidence = np.asarray(confidence, dtype=np.float32)
    with atomic_write(path) as part:
        data.write(str(part))


def own_grid(xyz: np.ndarray) -> np.ndarray:
    """(2, 3) scale and offset that keep `FINEST`, or the finest power of ten that the extent allows."""
    low = np.floor(xyz.min(axis=0))
    widest = max(float((xyz.max(axis=0) - low).max()), FINEST)
    scale = max(FINEST, 10.0 ** np.ceil(np.log10(widest / WHOLE)))
    return np.stack([np.full(3, scale), low])


def _lies_on(xyz: np.ndarray, grid: np.ndarray | None) -> bool:
    """Whether all coordinates are whole steps of a grid."""
    if grid is None:
        return False
    steps = (xyz - grid[1]) / grid[0]
    # Rounding of float64 in coordinates far from the origin, in steps.
    slack = ON_GRID + np.spacing(np.abs(xyz).max(axis=0)) / np.abs(grid[0])
    return bool((np.abs(steps) <= WHOLE).all() and (np.abs(steps - np.rint(steps)) <= slack).all())


def _check(xyz: np.ndarray, color: np.ndarray | None, label: np.ndarray | None, names: Sequence[str]) -> None:
    if xyz.ndim != 2 or xyz.shape[1] != 3 or not len(xyz):
        raise ValueError(f'xyz: expected shape (P, 3), P above 0, got {xyz.shape}')
    if not np.isfinite(xyz).all():
        raise ValueError('xyz: expected finite coordinates, which LAS files need')
    if color is not None:
        if np.shape(color) != xyz.shape:
            raise ValueError(f'color: expected shape {xyz.shape}, got {np.shape(color)}')
        if not (np.min(color) >= 0 and np.max(color) <= 255):
            raise ValueError(f'color: expected 0..255, got {np.min(color)} .. {np.max(color)}')
    if label is not None:
        if np.shape(label) != (len(xyz),):
            raise ValueError(f'label: expected shape ({len(xyz)},), got {np.shape(label)}')
        if np.min(label) < 0 or np.max(label) > UNLABELLED:
            raise ValueError(f'label: expected 0..{UNLABELLED}, got {np.min(label)} .. {np.max(label)}')
    if len(names) > MOST_CLASSES:
        raise ValueError(f'names: expected at most {MOST_CLASSES} classes, got {len(names)}')


def name_records(laspy: object, names: Sequence[str]) -> list:
    """The records of class names: LAS's own, and that of this package."""
    lookup = laspy.vlrs.known.ClassificationLookupVlr()
    for number, name in enumerate(names):
        lookup[number] = name.encode('ascii', 'replace')[:15].decode('ascii')
    whole = json.dumps(list(names)).encode('utf-8')
    return [lookup, laspy.VLR(*NAMES_RECORD, description='class names', record_data=whole)]
