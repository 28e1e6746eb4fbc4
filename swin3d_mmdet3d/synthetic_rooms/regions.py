"""Which part of a room a scan holds: all, a wall, a corner, a piece of furniture, what lies below 1 m."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .scene import Scene

LOW_CUT = 1.0  # metres above the floor
SHARES = {
    'whole': 0.56,
    'no ceiling': 0.12,
    'part': 0.10,
    'below 1 m': 0.05,
    'wall': 0.04,
    'corner': 0.04,
    'furniture': 0.05,
    'fragment': 0.04,
}
"""How common each kind is among the rooms to train on; held-out rooms are whole."""
FURNITURE = ('table', 'desk', 'chair', 'sofa', 'bookcase', 'bed', 'cabinet', 'counter', 'toilet')


@dataclass(frozen=True)
class Region:
    """A box that a ball may cut, in the room's frame.

    Attributes:
        kind: One of SHARES.
        low: (3,) smallest corner, metres.
        high: (3,) largest corner.
        centre: (3,) of the ball.
        radius: Of the ball, metres; infinite for none.
    """

    kind: str
    low: np.ndarray
    high: np.ndarray
    centre: np.ndarray
    radius: float = np.inf

    def holds(self, points: np.ndarray) -> np.ndarray:
        """(P,) bool: which of the points (P, 3) it holds."""
        inside = ((points >= self.low) & (points <= self.high)).all(axis=1)
        if np.isfinite(self.radius):
            inside &= np.linalg.norm(points - self.centre, axis=1) <= self.radius
        return inside


def whole_room() -> Region:
    """All that the sensor sees."""
    return Region('whole', np.full(3, -np.inf), np.full(3, np.inf), np.zeros(3))


def random_region(rng: np.random.Generator, scene: Scene) -> Region:
    """A part of a room, of a kind as common as SHARES has it."""
    kind = str(rng.choice(list(SHARES), p=list(SHARES.values())))
    low, high = np.full(3, -np.inf), np.full(3, np.inf)
    size, axis, end = scene.size, int(rng.integers(2)), int(rng.integers(2))
    if kind == 'no ceiling':
        high[2] = size[2] - rng.uniform(0.1, 0.6)
    if kind == 'below 1 m':
        high[2] = LOW_CUT
    if kind in ('part', 'wall', 'corner'):
        depth = size[:2] * rng.uniform(0.35, 0.7) if kind == 'part' else np.full(2, rng.uniform(0.9, 1.6))
        for side in (0, 1) if kind == 'corner' else (axis,):
            if end:
                low[side] = size[side] - depth[side]
            else:
                high[side] = depth[side]
    if kind == 'furniture':
        placed = [it for it in scene.instances if it.model.kind in FURNITURE]
        if not placed:
            return whole_room()
        chosen = placed[int(rng.integers(len(placed)))]
        extent = np.ptp(chosen.model.bounds(), axis=0)
        centre = chosen.position + [0, 0, extent[2] / 2]
        return Region(kind, low, high, centre, np.linalg.norm(extent) / 2 + rng.uniform(0.2, 0.5))
    if kind == 'fragment':
        centre = np.append(scene.free_spots[int(rng.integers(len(scene.free_spots)))], rng.uniform(0.5, 1.5))
        return Region(kind, low, high, centre, rng.uniform(1.4, 2.4))
    return Region(kind, low, high, np.zeros(3))
