"""Raw rows: BIN files, float32 numbers without a header, as KITTI, nuScenes and mmdet3d store points."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from mmengine.logging import print_log

from .row_width import FEWEST, likely_widths
from .scan import Scan, make_scan
from .unnamed_columns import arrays_from_table, possible_placements

LAYOUTS = {
    3: 'xyz',
    4: 'xyz, intensity (KITTI)',
    5: 'xyz, intensity, ring (nuScenes)',
    6: 'xyz, rgb or normal (mmdet3d)',
    9: 'xyz, rgb, normal',
}
FARTHEST = 1e8  # of a coordinate in float32, where neighbours are 8 m apart
NEAREST = 1e-20  # of a number that was measured


def read_bin(path: Path) -> Scan:
    """Read rows of 3, 4, 5, 6 or 9 float32 numbers, whichever the values tell.

    Raises:
        ValueError: When the bytes are no whole rows or no coordinates in float32, or the values fit several
            widths or none.
    """
    flat = path.read_bytes()
    fits = [width for width in LAYOUTS if len(flat) % (4 * width) == 0]
    if not fits:
        raise ValueError(
            f'{len(flat)} bytes are no whole number of float32 rows of {_told(LAYOUTS)} columns: truncated '
            'or of another layout'
        )
    numbers = np.frombuffer(flat, '<f4')
    if not len(numbers):
        raise ValueError('empty cloud: the file has no bytes')
    _check_floats(numbers)
    width = _width(numbers, fits)
    print_log(f'{path.name}: read as rows of {width} float32: {LAYOUTS[width]}', logger='current')
    return make_scan(**arrays_from_table(numbers.reshape(-1, width)))


def _width(numbers: np.ndarray, fits: list[int]) -> int:
    """The one width that bytes and values fit."""
    likely = likely_widths(np.where(np.isfinite(numbers), numbers, 0))
    found = [width for width in likely or fits if width in fits and _is_plausible(numbers, width)]
    if len(found) == 1 or (likely and found[:1] == likely[:1]):
        return found[0]
    told = f'look like rows of {likely[0]}' if likely else 'do not tell which'
    raise ValueError(
        f'{len(numbers)} numbers fit rows of {_told(fits)} columns, and the values {told}: expected rows of '
        f'{_told(LAYOUTS)}, told apart by at least {FEWEST} numbers; save the scan as .npy or .npz'
    )


def _is_plausible(numbers: np.ndarray, width: int) -> bool:
    """Whether rows can be points, not all on a line along an axis, with colours or normals where promised."""
    table = numbers.reshape(-1, width)
    xyz = table[np.isfinite(table[:, :3]).all(axis=1), :3]
    if not len(xyz) or (len(xyz) > 1 and (np.ptp(xyz, axis=0) > 0).sum() < 2):
        return False
    return width < 6 or possible_placements(table)[0].triples > 0


def _check_floats(numbers: np.ndarray) -> None:
    """Raise ValueError for bytes that are numbers of another type: as float32 they are huge or tiny."""
    size = np.abs(numbers[np.isfinite(numbers)])
    strange = int(((size > FARTHEST) | ((size > 0) & (size < NEAREST))).sum())
    if strange > 0.001 * len(numbers):
        raise ValueError(
            f'{strange} of {len(numbers)} float32 numbers lie beyond {FARTHEST:g} or below {NEAREST:g}: '
            'damaged, or numbers of another type'
        )


def _told(widths: object) -> str:
    return ', '.join(map(str, widths))
