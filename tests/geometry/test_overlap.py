import numpy as np
import pytest

from swin3d_mmdet3d.geometry.overlap import cloud_overlap, cloud_overlaps, voxel_means


def grid(count, start=0):
    """Points of a line 20 cm apart, numbered."""
    return np.stack([np.arange(start, start + count) * 0.2, np.zeros(count), np.ones(count)], axis=1)


def test_two_clouds_that_share_30_percent_overlap_by_exactly_that():
    assert cloud_overlap(grid(100), grid(100, start=70), 0.075) == 0.3


def test_the_larger_share_of_both_directions_counts():
    first, second = grid(100), grid(60, start=70)
    assert cloud_overlap(first, second, 0.075) == cloud_overlap(second, first, 0.075) == 0.5
    assert cloud_overlap(first, first[20:30], 0.075) == 1.0


@pytest.mark.parametrize('seed', range(5))
def test_overlaps_of_random_clouds_are_those_of_all_distances(seed):
    rng = np.random.default_rng(seed)
    clouds = [rng.uniform(0, 1, (rng.integers(1, 80), 3)) + [shift, 0, 0] for shift in (0, 0.3, 0.9, 3.0)]
    found = cloud_overlaps(clouds, 0.2)
    for row, first in enumerate(clouds):
        for column, second in enumerate(clouds):
            near = np.linalg.norm(first[:, None] - second[None], axis=2) <= 0.2
            share = max(near.any(axis=1).mean(), near.any(axis=0).mean()) if row != column else 0
            assert found[row, column] == share


def test_a_point_at_exactly_the_radius_counts_and_one_beyond_does_not():
    for distance, share in [(0.25, 1.0), (np.nextafter(0.25, 1), 0.0)]:
        assert cloud_overlap(np.zeros((1, 3)), np.array([[0.0, distance, 0.0]]), 0.25) == share


def test_an_empty_cloud_overlaps_nothing():
    empty = np.zeros((0, 3))
    assert cloud_overlap(empty, grid(4), 1.0) == cloud_overlap(empty, empty, 1.0) == 0
    with pytest.raises(ValueError, match='radius must be a positive length in metres, got 0'):
        cloud_overlap(empty, empty, 0)


@pytest.mark.parametrize('offset', [0.0, -1e6, 1e6])
def test_means_of_voxels_are_those_of_a_loop(offset):
    xyz = np.random.default_rng(0).uniform(-1, 1, (300, 3)) + offset
    cells = {}
    for point in xyz:
        cells.setdefault(tuple(np.floor(point / 0.3)), []).append(point)
    wanted = np.array([np.mean(points, axis=0) for _, points in sorted(cells.items())])
    np.testing.assert_allclose(voxel_means(xyz, 0.3), wanted, rtol=0, atol=1e-9)
    assert voxel_means(np.zeros((0, 3)), 0.3).shape == (0, 3)
