"""Ranges of colours: what the numbers of a file mean, decided by one rule everywhere."""

from __future__ import annotations

import numpy as np

from .row_slices import row_slices

FULL = 255.0
STEPS_16 = 257.0  # of 16 bits to a step of 8 bits
DARKEST_16 = 1023.0  # no recording of 16 bits is darker as a whole; brighter ones of 8 bits are faulty
ROUNDING = 1e-3  # of 0..1; renderers and 16-bit floats leave the range by less


def color_range(color: np.ndarray) -> tuple[float, str]:
    """The factor that brings colours to 0..255, and the range that they are in.

    Truth values and floats up to 1 are 0..1; whole numbers that exceed 1023 are 16-bit, up to 65535; all else
    is 0..255. Floats may leave 0..1 by rounding, as 1.0000001 or -1e-9 do, and 0..255 by as much.

    Args:
        color: (P, 3) finite numbers, or truth values.

    Raises:
        ValueError: They are in none of these ranges.
    """
    if not color.size:
        return 1.0, '0..255'
    low, high = float(color.min()), float(color.max())
    is_whole = color.dtype.kind in 'iu'
    slack = 0.0 if is_whole else ROUNDING
    if color.dtype.kind == 'b' or (not is_whole and low >= -slack and high <= 1 + slack):
        return FULL, '0..1'
    if low >= -slack and high <= FULL + slack:
        return 1.0, '0..255'
    if (
        low >= 0
        and DARKEST_16 < high <= FULL * STEPS_16
        and (is_whole or np.array_equal(color, np.floor(color)))
    ):
        return 1 / STEPS_16, '0..65535'
    raise ValueError(f'color: expected values in 0..255, 0..1 or 0..65535, got {low:g} .. {high:g}')


def colors_in_255(color: np.ndarray) -> tuple[np.ndarray, str]:
    """Colours of a file in 0..255, and the range that they were in.

    Args:
        color: As for :func:`color_range`.

    Returns:
        (P, 3) float32 in 0..255, and the name of the range.

    Raises:
        ValueError: As :func:`color_range`.
    """
    factor, told = color_range(color)
    scaled = np.empty(color.shape, dtype=np.float32)
    for rows in row_slices(len(color)):
        scaled[rows] = np.clip(color[rows].astype(np.float64) * factor, 0, FULL)
    return scaled, told
