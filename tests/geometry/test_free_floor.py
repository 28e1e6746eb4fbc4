"""The floor of a scan and its free places, by rooms whose floor and obstacles are known."""

import numpy as np
import pytest

from swin3d_mmdet3d.geometry.free_floor import FreeFloor, floor_height


def plane(low, high, z, step=0.05):
    x, y = np.meshgrid(np.arange(low[0], high[0], step), np.arange(low[1], high[1], step))
    return np.stack([x.ravel(), y.ravel(), np.full(x.size, z)], axis=1)


def room(level=0.0):
    """A floor of 4 x 4 m, a table top of 1 x 1 m over its corner and a ceiling."""
    return np.concatenate(
        [plane((0, 0), (4, 4), level), plane((0, 0), (1, 1), level + 0.7), plane((0, 0), (4, 4), level + 2.5)]
    )


@pytest.mark.parametrize('level', [0.0, -3.2, 12.0])
def test_the_floor_is_found_at_any_height_above_stray_points_and_below_tables(level):
    stray = np.array([[1.0, 1.0, level - 5]] * 3)
    assert floor_height(np.concatenate([room(level), stray])) == pytest.approx(level, abs=1e-6)


def test_places_are_free_where_floor_is_near_and_no_obstacle_by_brute_force():
    xyz = room()
    places = np.random.default_rng(0).uniform(-1, 5, (300, 2))
    low = xyz[xyz[:, 2] == 0, :2]
    table = xyz[xyz[:, 2] == 0.7, :2]
    gap, distance = (np.linalg.norm(places[:, None] - part, axis=2).min(axis=1) for part in (low, table))
    expected = (gap <= 0.25) & (distance > 0.5)
    assert 0 < expected.sum() < 300
    assert np.array_equal(FreeFloor(xyz, 1.5).is_free(places, 0.5), expected)
    assert np.array_equal(FreeFloor(xyz, 0.6).is_free(places, 0.5), gap <= 0.25)  # beneath the table
