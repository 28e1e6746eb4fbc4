"""The floor of an indoor scan, and where on it something can stand."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

FLOOR_BIN = 0.05
"""Height of the slices among which the floor is sought, metres."""
FLOOR_RANGE = 1.0
"""The floor lies at most so far above the lowest points, metres."""
FLOOR_THICKNESS = 0.1
"""Points no higher above the floor belong to it, metres."""
MAX_GAP = 0.25
"""A place stands on the floor if a point of it is at most so far away, metres."""


def floor_height(xyz: np.ndarray) -> float:
    """Height of the fullest slice of 5 cm within a metre of the lowest points, its mean height in metres.

    One point in two hundred may lie below, as stray points of scans do.

    Args:
        xyz: ``(P, 3)`` metres, z up, P >= 1.
    """
    z = xyz[:, 2].astype(np.float64)
    lowest = np.quantile(z, 0.005)
    slices = np.floor((z - lowest) / FLOOR_BIN).astype(np.int64)
    low = (slices >= 0) & (slices < round(FLOOR_RANGE / FLOOR_BIN))
    fullest = np.bincount(slices[low]).argmax()
    return float(z[slices == fullest].mean())


class FreeFloor:
    """Which places of a scan's floor are free.

    A place is free if there is floor beneath it and no point within so much of its vertical axis, from 10 cm
    above the floor up to ``height``.

    Args:
        xyz: ``(P, 3)`` metres, z up, P >= 1.
        height: Height above the floor up to which points are obstacles, metres.

    Attributes:
        level: Height of the floor, metres.
    """

    def __init__(self, xyz: np.ndarray, height: float) -> None:
        self.level = floor_height(xyz)
        above = xyz[:, 2] - self.level
        self.floor = cKDTree(xyz[np.abs(above) <= FLOOR_THICKNESS, :2])
        self.obstacles = cKDTree(xyz[(above > FLOOR_THICKNESS) & (above <= height), :2])

    def is_free(self, places: np.ndarray, radius: float) -> np.ndarray:
        """``(K,)`` bool: floor is near the places ``(K, 2)``, no obstacle lies within ``radius`` metres."""
        gap, _ = self.floor.query(places)
        if self.obstacles.n == 0:
            return gap <= MAX_GAP
        distance, _ = self.obstacles.query(places)
        return (gap <= MAX_GAP) & (distance > radius)
