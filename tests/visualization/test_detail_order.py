"""Every beginning of the order is an even scan; no row is lost or doubled."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from swin3d_mmdet3d.visualization import detail_order


def an_uneven_cloud(points=4000):
    """A plate of 4 m, half of its points on a tenth of its side."""
    rng = np.random.default_rng(0)
    xyz = rng.uniform(0, 4, (points, 3)) * [1, 1, 0]
    xyz[: points // 2] *= 0.1
    return xyz


def test_order_holds_every_row_once_and_begins_alike_for_any_number():
    xyz = an_uneven_cloud()
    rows = detail_order(xyz)
    np.testing.assert_array_equal(np.sort(rows), np.arange(len(xyz)))
    np.testing.assert_array_equal(detail_order(xyz, 700), rows[:700])
    np.testing.assert_array_equal(detail_order(xyz + [1e5, -7, 3], 700), rows[:700])
    assert len(detail_order(xyz, 10**9)) == len(xyz)


def test_beginning_covers_the_cloud_more_evenly_than_a_random_choice():
    xyz = an_uneven_cloud()
    rng = np.random.default_rng(1)

    def farthest(rows):
        return cKDTree(xyz[rows]).query(xyz)[0].max()

    for count in (50, 64, 200, 256, 800):
        random = min(farthest(rng.choice(len(xyz), count, replace=False)) for _ in range(5))
        assert farthest(detail_order(xyz, count)) < random


def test_each_level_has_one_point_a_cell():
    side = np.arange(8) / 8 + 1 / 16
    xyz = np.stack(np.meshgrid(side, side, [0.0], indexing='ij'), axis=-1).reshape(-1, 3)
    for level in (1, 2, 3):
        cells = (xyz[detail_order(xyz, 4**level)] * 2**level).astype(int)
        assert len(np.unique(cells, axis=0)) == 4**level


@pytest.mark.parametrize('points', [1, 0])
def test_tiny_clouds_have_an_order(points):
    np.testing.assert_array_equal(detail_order(np.zeros((points, 3))), np.arange(points))


def test_equal_points_are_all_kept():
    np.testing.assert_array_equal(np.sort(detail_order(np.ones((9, 3)))), np.arange(9))


def test_bad_number_is_named():
    with pytest.raises(ValueError, match='max_points: expected at least 1, got 0'):
        detail_order(np.zeros((3, 3)), 0)
