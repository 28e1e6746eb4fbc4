"""Rows of large arrays a slice at a time, so that what is computed of them on the way stays small."""

from __future__ import annotations

from collections.abc import Iterator

ROWS = 1 << 18
"""Rows of a slice: 6 MB of three float64 numbers each."""


def row_slices(count: int) -> Iterator[slice]:
    """Slices of at most `ROWS` rows, one after the other, that hold ``count`` rows together."""
    return (slice(start, min(start + ROWS, count)) for start in range(0, count, ROWS))
