"""Outer sides: which points belong to the walls, floor and ceiling that hide a room from an eye outside."""

from __future__ import annotations

import numpy as np

# A room's ceiling hides everything under it; a part of a room lower than this has none.
_CEILING_HEIGHT = 1.8
_CEILING_SHARE = 0.85
_FLOOR_THICKNESS = 0.1
_CELL = 0.1
_WALL_THICKNESS = 0.2
# Of the room's height: what reaches it on the outline is a wall and no table.
_WALL_SHARE = 0.6

LOW_X, HIGH_X, LOW_Y, HIGH_Y, FLOOR, CEILING = (1 << bit for bit in range(6))


def outer_sides(xyz: np.ndarray, yaw: float) -> np.ndarray:
    """The outer sides that each point belongs to.

    The floor plan is cut into strips of 10 cm along each axis of the room. In the outer half of each strip
    the outermost cell that is tall, with a point above 60 % of the room's height, holds the wall: its points
    up to 20 cm further in, and all farther out, belong to that side. The ceiling is what lies above 85 % of
    the height. A cloud lower than 1.8 m is an object or a part of a room, and has no sides.

    Args:
        xyz: ``(P, 3)`` metres, z up.
        yaw: Turn of the room's axes about z in radians, of `room_yaw`.

    Returns:
        ``(P,)`` uint8, the sum of `LOW_X`, `HIGH_X`, `LOW_Y`, `HIGH_Y`, `FLOOR` and `CEILING` as they apply.
    """
    sides = np.zeros(len(xyz), dtype=np.uint8)
    if len(xyz) == 0:
        return sides
    low, high = np.percentile(xyz[:, 2], [0.5, 99.5])
    if high - low < _CEILING_HEIGHT:
        return sides
    c, s = np.cos(yaw), np.sin(yaw)
    plan = (xyz[:, :2] - xyz[:, :2].mean(axis=0)) @ np.array([[c, -s], [s, c]])
    plan -= plan.min(axis=0)
    is_tall = xyz[:, 2] > low + _WALL_SHARE * (high - low)
    for axis, (low_side, high_side) in enumerate(((LOW_X, HIGH_X), (LOW_Y, HIGH_Y))):
        strip = (plan[:, 1 - axis] / _CELL).astype(np.int64)
        along = plan[:, axis]
        for side, distance in ((low_side, along), (high_side, -along)):
            is_wall = distance <= _strip_limit(strip, distance, is_tall) + _WALL_THICKNESS
            sides[is_wall] |= side
    sides[xyz[:, 2] < low + _FLOOR_THICKNESS] |= FLOOR
    sides[xyz[:, 2] > low + _CEILING_SHARE * (high - low)] |= CEILING
    return sides


def _strip_limit(strip: np.ndarray, distance: np.ndarray, is_tall: np.ndarray) -> np.ndarray:
    """Of each point's strip, the least distance of a tall one in its nearer half; -inf without one."""
    least, most, wall = (np.full(strip.max() + 1, limit) for limit in (np.inf, -np.inf, np.inf))
    np.minimum.at(least, strip, distance)
    np.maximum.at(most, strip, distance)
    np.minimum.at(wall, strip[is_tall], distance[is_tall])
    with np.errstate(invalid='ignore'):  # strips without any point
        wall[wall > (least + most) / 2] = -np.inf
    return wall[strip]
