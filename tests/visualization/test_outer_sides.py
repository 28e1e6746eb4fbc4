"""Walls, floor and ceiling of a room are told from what stands inside, for any turn and any outline."""

import numpy as np
import pytest

from swin3d_mmdet3d.visualization import outer_sides
from swin3d_mmdet3d.visualization.outer_sides import CEILING, FLOOR, HIGH_X, HIGH_Y, LOW_X, LOW_Y


def wall(start, end, height=2.6):
    """Points each 5 cm of an upright plate."""
    start, end = np.array(start, float), np.array(end, float)
    along = np.linspace(0, 1, int(np.linalg.norm(end - start) / 0.05) + 1)
    z = np.arange(0, height, 0.05)
    plan = start + along[:, None] * (end - start)
    return np.concatenate([np.repeat(plan, len(z), axis=0), np.tile(z, len(plan))[:, None]], axis=1)


def plate(low, high, z):
    """Points each 5 cm of a level plate."""
    x, y = np.meshgrid(np.arange(low[0], high[0], 0.05), np.arange(low[1], high[1], 0.05))
    return np.stack([x.ravel(), y.ravel(), np.full(x.size, z)], axis=1)


def turned(xyz, yaw):
    c, s = np.cos(yaw), np.sin(yaw)
    return xyz @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]) + [30, -8, 1]


def sides_of(parts, yaw=0.0):
    """The sides of each part of a room."""
    sides = outer_sides(turned(np.concatenate(parts), yaw), yaw)
    return np.split(sides, np.cumsum([len(part) for part in parts])[:-1])


# An L of 5 x 4 m whose corner of 2 x 1.5 m is missing, at high x and high y.
OUTLINE = [(0, 0), (5, 0), (5, 2.5), (3, 2.5), (3, 4), (0, 4)]
SIDES = [LOW_Y, HIGH_X, HIGH_Y, HIGH_X, HIGH_Y, LOW_X]


@pytest.mark.parametrize('yaw', [0.0, 0.5])
def test_every_wall_of_an_l_shaped_room_belongs_to_its_side(yaw):
    walls = [wall(a, b) for a, b in zip(OUTLINE, [*OUTLINE[1:], OUTLINE[0]])]
    floor = np.concatenate([plate((0, 0), (5, 2.5), 0.0), plate((0, 2.5), (3, 4), 0.0)])
    table = plate((1.5, 1), (2.5, 2), 0.75)
    parts = [*walls, floor, table, floor + [0, 0, 2.6]]
    sides = sides_of(parts, yaw)
    for found, side in zip(sides, SIDES):
        assert ((found & side) > 0).mean() > 0.9
        # Of the other sides only the corners, 20 cm of at least 1.5 m on either end.
        assert ((found & (LOW_X | HIGH_X | LOW_Y | HIGH_Y) & ~side) > 0).mean() < 0.35
    found_floor, found_table, found_ceiling = sides[-3:]
    assert ((found_floor & FLOOR) > 0).all() and ((found_floor & CEILING) == 0).all()
    assert (found_table == 0).all()
    assert ((found_ceiling & CEILING) > 0).all()


def test_table_at_the_edge_of_a_scan_without_walls_is_no_wall():
    room = [plate((0, 0), (4, 3), 0.0), plate((0, 0), (0.6, 3), 0.75), wall((3.95, 0), (3.95, 3))]
    sides = sides_of(room)
    assert ((sides[1] & LOW_X) == 0).all() and ((sides[2] & HIGH_X) > 0).all()


def test_low_cloud_has_no_sides():
    assert all((it == 0).all() for it in sides_of([plate((0, 0), (1, 1), 0.0), wall((0, 0), (1, 0), 1.5)]))
    assert outer_sides(np.zeros((0, 3)), 0.0).shape == (0,)
