"""Detail order: points sorted so that every beginning of the list is an even, coarser scan."""

from __future__ import annotations

import numpy as np

_LEVELS = 12  # halvings of the longest side: 2.4 mm in a room of 10 m


def detail_order(xyz: np.ndarray, max_points: int | None = None) -> np.ndarray:
    """Rows of a cloud, the coarse scan first.

    Level by level, from one cell on to cells of 1/4096 of the longest side, each cell without a point yet
    gives one; within a level the order is random, and so is that of the points left when all levels are done.
    The same cloud gives the same order.

    Args:
        xyz: ``(P, 3)`` metres, finite.
        max_points: At most so many rows; None for all.

    Returns:
        ``(min(P, max_points),)`` int64, no row twice.

    Raises:
        ValueError: If ``max_points`` is below 1.
    """
    if max_points is not None and max_points < 1:
        raise ValueError(f'max_points: expected at least 1, got {max_points}')
    wanted = len(xyz) if max_points is None else min(max_points, len(xyz))
    shuffled = np.random.default_rng(0).permutation(len(xyz))
    place = np.asarray(xyz, dtype=np.float64)[shuffled]
    place = place - place.min(axis=0, initial=np.inf)
    place /= max(float(place.max(initial=0)), 1e-9) * (1 + 1e-9)
    is_taken = np.zeros(len(shuffled), dtype=bool)
    parts, count = [], 0
    for level in range(_LEVELS + 1):
        if count >= wanted:
            break
        cell = (place * 2**level).astype(np.int64)
        key = (cell[:, 0] << 2 * _LEVELS) | (cell[:, 1] << _LEVELS) | cell[:, 2]
        # Taken points come first, so that a cell that has one gives no other.
        rows = np.concatenate([np.flatnonzero(is_taken), np.flatnonzero(~is_taken)])
        first = rows[np.unique(key[rows], return_index=True)[1]]
        new = np.sort(first[~is_taken[first]])
        is_taken[new] = True
        parts.append(new)
        count += len(new)
    parts.append(np.flatnonzero(~is_taken))
    return shuffled[np.concatenate(parts)[:wanted]]
