"""Scan: the points of one scan file, checked and in the units that the rest of the package uses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from mmengine.logging import print_log


# From here on two neighbouring float64 numbers lie farther apart than one unit.
FARTHEST = 2.0**53


@dataclass(frozen=True)
class Scan:
    """One point cloud in the order of its file.

    Attributes:
        xyz: (P, 3) float64 coordinates in metres, z up, below 2^53. float64, because a survey's
            coordinates lie up to 1e7 m from the origin, where float32 steps are 1 m.
        color: (P, 3) float32 red, green, blue in 0..255, or None.
        normal: (P, 3) float32 unit normals, or None.
        label: (P,) int64 class index or raw id of every point, or None.
        label_names: class name of every index in `label`, or None.
    """

    xyz: np.ndarray
    color: np.ndarray | None = None
    normal: np.ndarray | None = None
    label: np.ndarray | None = None
    label_names: tuple[str, ...] | None = None

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
            _check_color_range(self.color, 'color')
        if self.normal is not None:
            _check_rows('normal', self.normal, self.xyz, np.float32)
            _check_finite('normal', self.normal)
        if self.label is not None and self.label.shape != (len(self.xyz),):
            raise ValueError(
                f'label: expected one for each of {len(self.xyz)} points, got {self.label.shape}'
            )


def make_scan(
    xyz: np.ndarray,
    color: np.ndarray | None = None,
    normal: np.ndarray | None = None,
    label: np.ndarray | None = None,
    label_names: tuple[str, ...] | None = None,
) -> Scan:
    """Bring the arrays of a file into the units of a `Scan`.

    Args:
        xyz: (P, 3) coordinates in metres, any real dtype.
        color: (P, 3) integers in 0..255, or floats in 0..255 or 0..1, or None.
        normal: (P, 3) vectors of any length above zero, or None.
        label: (P,) or (P, 1) integers, or None.
        label_names: class names, or None.

    Raises:
        ValueError: naming the array that is empty, not finite, out of range or of a wrong shape.
    """
    for name, array in dict(xyz=xyz, color=color, normal=normal, label=label).items():
        _check_numbers(name, array)
    xyz = np.ascontiguousarray(xyz, dtype=np.float64)
    if color is not None:
        color = color_to_255(np.asarray(color))
    else:
        print_log('the scan has no colours', logger='current')
    if normal is not None:
        normal = _unit_normals(np.asarray(normal))
    if label is not None:
        label = whole_labels(np.asarray(label).reshape(-1))
    return Scan(xyz, color, normal, label, label_names)


def color_to_255(color: np.ndarray) -> np.ndarray:
    """Colours as float32 in 0..255.

    Integers are taken as 0..255. Floats that all lie in 0..1 are taken as 0..1 and multiplied by
    255; other floats are taken as 0..255. What was decided is logged.

    Args:
        color: (P, 3).

    Raises:
        ValueError: when a colour is not finite or lies outside 0..255.
    """
    _check_color_range(color, 'color')
    is_unit_range = color.dtype.kind == 'f' and color.size > 0 and color.max() <= 1
    source_range = '0..1, multiplied by 255' if is_unit_range else '0..255'
    print_log(f'colours are read as {source_range}', logger='current')
    scaled = color.astype(np.float64) * (255.0 if is_unit_range else 1.0)
    return np.ascontiguousarray(scaled, dtype=np.float32)


def _unit_normals(normal: np.ndarray) -> np.ndarray:
    """`normal` (P, 3) scaled to length 1, float32."""
    _check_finite('normal', normal)
    with np.errstate(over='ignore'):
        length = np.linalg.norm(normal.astype(np.float64), axis=-1, keepdims=True)
    if not np.isfinite(length).all():
        raise ValueError(f'normal: expected lengths below 1e154, got {np.abs(normal).max():g}')
    zeros = int((length < 1e-12).sum())
    if zeros:
        raise ValueError(f'normal: {zeros} of {len(normal)} have length zero')
    # Normals that are unit within rounding stay bit for bit as the file has them.
    unit = np.where(np.abs(length - 1) < 1e-5, normal, normal / length)
    return np.ascontiguousarray(unit, dtype=np.float32)


def whole_labels(label: np.ndarray) -> np.ndarray:
    """Labels (P,) of any real dtype as int64, the same numbers.

    Raises:
        ValueError: when they are no whole numbers, or do not fit.
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


def _check_numbers(name: str, array: np.ndarray | None) -> None:
    """Raise ValueError unless `array` holds real numbers."""
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
    far = np.abs(xyz).max(axis=-1)
    if far.max() >= FARTHEST:
        raise ValueError(
            f'xyz (coordinates): expected values below 2^53, where float64 still tells units apart, '
            f'got {far.max():g} in row {int(far.argmax())}'
        )


def _check_color_range(color: np.ndarray, name: str) -> None:
    """Raise ValueError when a colour is not finite or lies outside 0..255."""
    _check_finite(name, color)
    if color.size and (color.min() < 0 or color.max() > 255):
        raise ValueError(f'{name}: expected values in 0..255 or 0..1, got {color.min()} .. {color.max()}')
