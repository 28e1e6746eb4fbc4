"""NumPy scans: NPY tables, NPZ archives with named arrays, and the BIN layout of mmdet3d."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mmengine.logging import print_log

from .named_columns import LABEL, arrays_from_table
from .scan import Scan, make_scan

_POINTS = ('points', 'xyz', 'coord', 'coords', 'pos')
_COLOR = ('rgb', 'color', 'colors', 'colour', 'colours')
_NORMAL = ('normal', 'normals')
_LABEL = (*LABEL, 'labels', 'segment')
_NAMES = ('names', 'classes')


def read_npy(path: Path) -> Scan:
    """Read an NPY table of 3, 6 or 9 columns: xyz, rgb, normal."""
    return make_scan(**arrays_from_table(_load(path)))


def read_npz(path: Path) -> Scan:
    """Read an NPZ archive.

    Coordinates: points, xyz, coord(s) or pos, of 3, 6 or 9 columns; colours: rgb or color(s);
    normals: normal(s); labels: label(s), sem, semantic, class or segment; class names: names or
    classes.

    Raises:
        ValueError: when the archive is damaged or has no coordinates.
    """
    try:
        with _load(path) as archive:
            arrays = {name.lower(): archive[name] for name in archive.files}
    except (zipfile.BadZipFile, EOFError) as error:
        raise ValueError(f'not a whole NPZ archive: {error}') from error
    points = _first(arrays, _POINTS)
    if points is None:
        raise ValueError(f'expected an array {" or ".join(_POINTS)}, got {sorted(arrays)}')
    parts = arrays_from_table(points)
    for key, names in (('color', _COLOR), ('normal', _NORMAL)):
        found = _first(arrays, names)
        if found is not None:
            parts[key] = found
    return make_scan(**parts, **_point_labels(arrays, len(points)))


def read_bin(path: Path) -> Scan:
    """Read raw float32 rows of 6 (xyz, rgb) or 9 (xyz, rgb, normal) columns.

    Raises:
        ValueError: when the number of bytes fits neither, or fits both and the values do not tell.
    """
    flat = path.read_bytes()
    fits = [columns for columns in (6, 9) if len(flat) % (4 * columns) == 0]
    tables = {columns: np.frombuffer(flat, '<f4').reshape(-1, columns) for columns in fits}
    if not tables:
        raise ValueError(
            f'{len(flat)} bytes are no whole number of float32 rows of 6 or 9 columns: '
            'truncated or of another layout'
        )
    if len(tables) > 1 and flat:
        tables = {columns: table for columns, table in tables.items() if _plausible(table)}
        if len(tables) != 1:
            raise ValueError(
                f'{len(flat)} bytes are rows of 6 as well as of 9 columns, and the values do not '
                'tell which: save the scan as .npy'
            )
    columns, table = next(iter(tables.items()))
    print_log(f'{path.name}: read as rows of {columns} float32', logger='current')
    return make_scan(**arrays_from_table(table))


def _point_labels(arrays: dict, points: int) -> dict:
    """label and label_names of an archive, empty when its labels are not of points."""
    label = _first(arrays, _LABEL)
    if label is None:
        return {}
    if label.size != points:
        # Archives of detection scenes keep the labels of their boxes under the same names.
        print_log(f'{label.size} labels for {points} points: not of points, left out', 'current')
        return {}
    names = _first(arrays, _NAMES)
    return dict(label=label, label_names=None if names is None else tuple(map(str, names)))


def _plausible(table: np.ndarray) -> bool:
    """Whether columns 3-5 can be colours and columns 6-8, if any, are unit normals."""
    color_fits = bool(((table[:, 3:6] >= 0) & (table[:, 3:6] <= 255)).all())
    if table.shape[1] == 6:
        return color_fits
    length = np.linalg.norm(table[:, 6:9], axis=1)
    return color_fits and bool((np.abs(length - 1) < 1e-2).all())


def _load(path: Path):
    """np.load without pickles; every way a damaged file fails becomes a ValueError."""
    try:
        return np.load(path, allow_pickle=False)
    except (EOFError, OSError, zipfile.BadZipFile) as error:
        raise ValueError(f'not a whole NumPy file: {error}') from error


def _first(arrays: dict, names: Sequence[str]) -> np.ndarray | None:
    return next((arrays[name] for name in names if name in arrays), None)
