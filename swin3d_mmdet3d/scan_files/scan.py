"""Scan: the points of one scan file, checked and in the units that the rest of the package uses."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from mmengine.logging import print_log

from ..structures.color_range import colors_in_255
from ..structures.row_slices import row_slices

# From here on two neighbouring float64 numbers lie farther apart than one unit.
FARTHEST = 2.0**53
GREY = 127.5  # of a point whose colour is not known


@dataclass(frozen=True)
class Scan:
    """The usable points of one cloud, in the order of its file.

    Attributes:
        xyz: (P, 3) float64 coordinates in metres, z up, below 2^53. float64, because a survey's
            coordinates lie up to 1e7 m from the origin, where float32 steps are 1 m.
        color: (P, 3) float32 red, green, blue in 0..255, or None.
        normal: (P, 3) float32 unit normals, zero where the file has none, or None.
        label: (P,) int64 class index or raw id of every point, -1 where the file has none, or None.
        label_names: Class name of every index in `label`, or None.
        kept: (R,) bool, which of the file's R rows these points are; None for all of them. The others
            have no finite coordinates: depth cameras write such rows where they measured nothing.
        grid: (2, 3) float64 scale and offset of the whole numbers that a LAS file stores coordinates as, in
            the units and axes of the file; or None.
        others: What else the file says of each point, by name, (P,) numbers each; or None. Files that results
            are written into again (PLY, LAS) keep it themselves.
    """

    xyz: np.ndarray
    color: np.ndarray | None = None
    normal: np.ndarray | None = None
    label: np.ndarray | None = None
    label_names: tuple[str, ...] | None = None
    kept: np.ndarray | None = None
    grid: np.ndarray | None = None
    others: Mapping[str, np.ndarray] | None = None

    def __len__(self) -> int:
        return len(self.xyz)

    def __post_init__(self) -> None:
        _check_rows('xyz', self.xyz, self.xyz, np.float64)
        if len(self.xyz) == 0:
            raise ValueError('xyz: expected at least one point, got an empty cloud')
        _check_finite('xyz (coordinates)', self.xyz)
        _check_near(self.xyz)
        if self.color is not None:
            _check_rows('color', self.color, self.xyz, np.float32)
            _check_finite('color', self.color)
        if self.normal is not None:
            _check_rows('normal', self.normal, self.xyz, np.float32)
            _check_finite('normal', self.normal)
        if self.label is not None and self.label.shape != (len(self.xyz),):
            raise ValueError(
                f'label: expected one for each of {len(self.xyz)} points, got {self.label.shape}'
            )
        for name, values in (self.others or {}).items():
            if values.shape != (len(self.xyz),):
                raise ValueError(
                    f'{name}: expected one for each of {len(self.xyz)} points, got {values.shape}'
                )
        if self.kept is not None and (self.kept.dtype != bool or self.kept.sum() != len(self.xyz)):
            raise ValueError(f'kept: expected bool with {len(self.xyz)} true, got {self.kept.sum()}')

    def in_rows(self, values: np.ndarray, missing: float) -> np.ndarray:
        """Values of the points, (P, ...), in the rows of the file, (R, ...); `missing` in the others."""
        if self.kept is None:
            return values
        rows = np.full((len(self.kept), *values.shape[1:]), missing, dtype=values.dtype)
        rows[self.kept] = values
        return rows

    def in_nearest_rows(self, values: np.ndarray) -> np.ndarray:
        """Values of the points in the rows of the file, each other row with that of the nearest row."""
        if self.kept is None:
            return values
        kept, rows = np.flatnonzero(self.kept), np.arange(len(self.kept))
        after = np.searchsorted(kept, rows).clip(0, len(kept) - 1)
        before = (after - 1).clip(0)
        is_nearer = np.abs(kept[before] - rows) <= np.abs(kept[after] - rows)
        return values[np.where(is_nearer, before, after)]


def make_scan(
    xyz: np.ndarray,
    color: np.ndarray | None = None,
    normal: np.ndarray | None = None,
    label: np.ndarray | None = None,
    label_names: tuple[str, ...] | None = None,
    grid: np.ndarray | None = None,
    others: Mapping[str, np.ndarray] | None = None,
) -> Scan:
    """Bring the arrays of a file into the units of a `Scan`.

    Rows without finite coordinates are left out, colours that are not finite become mid-grey, normals
    without a length or a finite number become zero, and labels that are no whole numbers are left out:
    each is counted in a warning.

    Args:
        xyz: (P, 3) coordinates in metres, any real dtype.
        color: (P, 3) in a range of `color_range`, or None.
        normal: (P, 3) vectors of any length, or None.
        label: (P,) or (P, 1) integers, or names of classes, or None.
        label_names: Class names, or None.
        grid: (2, 3) scale and offset of the whole numbers in a LAS file, or None.
        others: Further numbers (P,) of the points by name, or None.

    Raises:
        ValueError: Naming the array that is empty, out of range or of a wrong shape; no row has
            finite coordinates.
    """
    for name, array in dict(xyz=xyz, color=color, normal=normal).items():
        _check_numbers(name, array)
    xyz = np.ascontiguousarray(xyz, dtype=np.float64)
    if xyz.ndim == 2 and xyz.shape[1:] == (3,):
        kept = _usable_rows(xyz)
    else:
        kept = None  # the scan names the shape
    arrays = dict(color=color, normal=normal, label=None if label is None else np.asarray(label).reshape(-1))
    if kept is not None:
        for name, array in arrays.items():
            if array is not None and len(array) != len(xyz):
                raise ValueError(f'{name}: expected a row for each of {len(xyz)} points, got {len(array)}')
        arrays = {name: None if array is None else array[kept] for name, array in arrays.items()}
        others = None if others is None else {name: values[kept] for name, values in others.items()}
        xyz = xyz[kept]
    color, normal, label = arrays['color'], arrays['normal'], arrays['label']
    if color is not None:
        color = _known_colors(np.asarray(color))
    else:
        print_log('the scan has no colours', logger='current')
    if normal is not None:
        normal = _unit_normals(np.asarray(normal))
    if label is not None:
        label, label_names = _named_labels(label, label_names)
    return Scan(xyz, color, normal, label, label_names, kept, grid, others)


def _usable_rows(xyz: np.ndarray) -> np.ndarray | None:
    """Rows with finite coordinates below 2^53; None where all have them."""
    if not len(xyz) or _farthest(xyz) < FARTHEST:
        return None
    usable = (np.isfinite(xyz) & (np.abs(np.nan_to_num(xyz)) < FARTHEST)).all(axis=-1)
    if len(xyz) and not usable.any():
        _check_finite('xyz (coordinates)', xyz)
        _check_near(xyz)
    _warn(f'{int((~usable).sum())} of {len(xyz)} points have no finite coordinates and are left out')
    return usable


def _known_colors(color: np.ndarray) -> np.ndarray:
    """Colours as float32 in 0..255, those that are not finite mid-grey."""
    known = np.isfinite(color).all(axis=-1)
    if color.ndim != 2 or known.all():
        scaled, told = colors_in_255(color)
    else:
        _warn(f'{int((~known).sum())} of {len(color)} colours are not finite: mid-grey is taken for them')
        scaled = np.full(color.shape, GREY, dtype=np.float32)
        scaled[known], told = colors_in_255(color[known])
    factor = {'0..1': ', multiplied by 255', '0..65535': ', divided by 257'}.get(told, '')
    print_log(f'colours are read as {told}{factor}', logger='current')
    return scaled


def _unit_normals(normal: np.ndarray) -> np.ndarray:
    """`normal` (P, 3) scaled to length 1, float32; zero where it has no finite length above zero."""
    unit, unknown = np.empty(normal.shape, dtype=np.float32), 0
    for rows in row_slices(len(normal)):
        own = normal[rows]
        with np.errstate(over='ignore', invalid='ignore', divide='ignore'):
            length = np.linalg.norm(own.astype(np.float64), axis=-1, keepdims=True)
            known = np.isfinite(length) & (length >= 1e-12)
            # Normals that are unit within rounding stay bit for bit as the file has them.
            scaled = np.where(np.abs(length - 1) < 1e-5, own, own / length)
        unit[rows] = np.where(known, scaled, 0)
        unknown += int((~known).sum())
    if unknown:
        _warn(f'{unknown} of {len(normal)} normals are not finite or have no length')
    return unit


def whole_labels(label: np.ndarray) -> np.ndarray:
    """Labels (P,) of any real dtype as int64, the same numbers.

    Raises:
        ValueError: When they are no whole numbers, or do not fit.
    """
    _check_numbers('label', label)
    if not (np.isfinite(label).all() and np.array_equal(label, np.floor(label))):
        raise ValueError('label: expected whole numbers')
    limits = np.iinfo(np.int64)
    # As Python's integers: a comparison of uint64 or float with int64 would round.
    for extreme in (label.min(initial=0), label.max(initial=0)):
        if not limits.min <= int(extreme) <= limits.max:
            raise ValueError(f'label: expected numbers that fit 64 bits with a sign, got {extreme}')
    return label.astype(np.int64)


def _named_labels(
    label: np.ndarray, names: tuple[str, ...] | None
) -> tuple[np.ndarray | None, tuple[str, ...] | None]:
    """`label` (P,) as int64 with names; names become their numbers, what is not finite becomes -1."""
    if label.dtype.kind == 'O' and not all(isinstance(it, (str, int, float, np.generic)) for it in label):
        raise ValueError('label: expected numbers or names, got an array of other objects')
    if label.dtype.kind in 'USO':
        found, number = np.unique(label.astype(str), return_inverse=True)
        return number.reshape(-1).astype(np.int64), tuple(found.tolist())
    known = np.isfinite(label) if label.dtype.kind in 'fiub' else np.ones(len(label), dtype=bool)
    if not known.all():
        _warn(f'{int((~known).sum())} of {len(label)} labels are not finite and count as none')
        label = np.where(known, label, -1)
    try:
        return whole_labels(label), names
    except ValueError as error:
        _warn(f'labels are left out: {error}')
        return None, None


def _warn(message: str) -> None:
    print_log(message, logger='current', level=logging.WARNING)


def _check_numbers(name: str, array: np.ndarray | None) -> None:
    """Raise ValueError unless `array` holds rows of real numbers."""
    if array is not None and np.ndim(array) == 0:
        raise ValueError(f'{name}: expected a row for each point, got a single value')
    if array is not None and np.asarray(array).dtype.kind not in 'fiub':
        raise ValueError(f'{name}: expected numbers, got an array of {np.asarray(array).dtype}')


def _check_rows(name: str, array: np.ndarray, xyz: np.ndarray, dtype: type) -> None:
    """Raise ValueError unless `array` is (P, 3) of `dtype` with one row for each of `xyz`."""
    if array.ndim != 2 or array.shape[1] != 3 or len(array) != len(xyz):
        raise ValueError(f'{name}: expected shape ({len(xyz)}, 3), got {array.shape}')
    if array.dtype != dtype:
        raise ValueError(f'{name}: expected {np.dtype(dtype)}, got {array.dtype}')


def _check_finite(name: str, array: np.ndarray) -> None:
    """Raise ValueError when a row of `array` holds NaN or an infinity."""
    bad = ~np.isfinite(array).all(axis=-1)
    if bad.any():
        raise ValueError(
            f'{name}: {int(bad.sum())} of {len(array)} rows hold NaN or infinity, '
            f'the first is row {int(bad.argmax())}'
        )


def _check_near(xyz: np.ndarray) -> None:
    """Raise ValueError when a coordinate is so large that its neighbours are lost."""
    if _farthest(xyz) >= FARTHEST:
        far = np.abs(xyz).max(axis=-1)
        raise ValueError(
            f'xyz (coordinates): expected values below 2^53, where float64 still tells units apart, '
            f'got {far.max():g} in row {int(far.argmax())}'
        )


def _farthest(xyz: np.ndarray) -> float:
    """The largest size of a coordinate, NaN where one is NaN; found without a copy."""
    return max(-float(xyz.min()), float(xyz.max()))
