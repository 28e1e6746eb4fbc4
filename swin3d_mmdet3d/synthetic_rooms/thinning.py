"""Points by spacing: one point a cell, and no more points than asked for."""

from __future__ import annotations

import numpy as np

CELLS_A_PLANE = 1.5  # cells of side s, turned as _TURN has it, that a plane meets for every s^2 of its area
NEIGHBOUR = 0.635  # median distance of neighbours in sides of a cell, on a plane with few empty cells
_TURN = np.linalg.qr(np.array([[0.9, 0.3, 0.4], [-0.2, 0.8, 0.5], [0.35, -0.55, 0.75]]))[0]
"""Cells are turned, since a wall between two rows of cells would have points in both."""


def cell_of_spacing(spacing: float) -> float:
    """Side of the cells whose points have neighbours at the median distance `spacing`."""
    return spacing / NEIGHBOUR


def one_a_cell(points: np.ndarray, cell: float) -> np.ndarray:
    """Rows of the points (P, 3) that are nearest to the middle of their cell of a given side, ascending."""
    place = points @ _TURN / cell
    cells = np.floor(place)
    distance = ((place - cells - 0.5) ** 2).sum(axis=1)
    cells = (cells - cells.min(axis=0)).astype(np.int64)
    size = cells.max(axis=0) + 1 if len(cells) else np.ones(3, np.int64)
    key = (cells[:, 0] * size[1] + cells[:, 1]) * size[2] + cells[:, 2]
    order = np.lexsort((distance, key))
    first = np.diff(key[order], prepend=-1) != 0
    return np.sort(order[first])


def at_most(rng: np.random.Generator, points: np.ndarray, count: int) -> np.ndarray:
    """Rows of the points (P, 3) with at most `count` left: the widest cells that leave as many.

    What those leave too many, a few in a hundred, is dropped at random.
    """
    if len(points) <= count:
        return np.arange(len(points))
    low, high = 1e-4, float(np.ptp(points, axis=0).max()) + 1e-3
    kept = np.arange(len(points))
    for _ in range(14):
        middle = np.sqrt(low * high)
        rows = one_a_cell(points, middle)
        if len(rows) >= count:
            low, kept = middle, rows
        else:
            high = middle
        if count <= len(kept) <= 1.02 * count:
            break
    return np.sort(rng.permutation(kept)[:count])
