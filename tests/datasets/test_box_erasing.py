import numpy as np
import pytest
import torch
from mmdet3d.registry import TRANSFORMS

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.structures.normal_points import NormalPoints

SIZE = np.array([8.0, 4.0, 2.0])


def room(num_points=4000, seed=0):
    """Points of a box of 8 x 4 x 2 m, its corners among them; a label is the row of its point."""
    xyz = np.random.default_rng(seed).random((num_points, 3))
    xyz[:2] = [[0, 0, 0], [1, 1, 1]]
    columns = torch.from_numpy(np.concatenate([xyz * SIZE - [3, 9, 0], np.zeros((num_points, 3))], axis=1))
    return dict(points=NormalPoints.from_columns(columns.float()), pts_semantic_mask=np.arange(num_points))


def erased(results, **arguments):
    before = results['points'].tensor.clone()
    transform = TRANSFORMS.build(dict(type='RandomBoxErasing', **arguments))
    kept = transform(results)['pts_semantic_mask']
    assert torch.equal(results['points'].tensor, before[kept])
    assert (np.diff(kept) > 0).all()
    gone = np.setdiff1d(np.arange(len(before)), kept)
    return before[kept, :3].numpy(), before[gone, :3].numpy()


def test_what_is_erased_is_a_column_of_the_whole_height_and_all_in_it():
    for seed in range(20):
        np.random.seed(seed)
        kept, gone = erased(room(seed=seed), min_points=1)
        low, high = gone.min(axis=0), gone.max(axis=0)
        inside = ((kept[:, :2] > low[:2]) & (kept[:, :2] < high[:2])).all(axis=1)
        assert not inside.any()
        assert high[2] - low[2] > 0.9 * SIZE[2]
        assert ((high - low)[:2] <= SIZE[:2] + 1e-5).all()


def test_sizes_and_places_are_those_of_the_numbers_drawn(monkeypatch):
    drawn = iter([np.array([0.5, 0.25]), np.array([1.0, -7.0])])  # shares; middle in metres
    ranges = []

    def uniform(low, high, size=None):
        ranges.append((low, high))
        return next(drawn)

    monkeypatch.setattr(np.random, 'uniform', uniform)
    cloud = room()
    xyz = cloud['points'].tensor[:, :2].numpy()
    expected = (np.abs(xyz[:, 0] - 1) < 2) & (np.abs(xyz[:, 1] + 7) < 0.5)
    _, gone = erased(cloud, extent=(0.2, 0.6))
    assert len(gone) == expected.sum() > 100
    assert ranges[0] == (0.2, 0.6)
    np.testing.assert_allclose(ranges[1], [[-3, -9], [5, -5]], atol=1e-5)


def test_boxes_of_a_third_to_all_of_the_extent_erase_the_share_that_geometry_says():
    """Of an edge u of a box around c, both uniform, min(1, c + u / 2) - max(0, c - u / 2) lies inside."""
    shares, centres = np.random.default_rng(1).random((2, 400000, 2))
    half = (1 / 3 + shares * 2 / 3) / 2
    expected = (np.minimum(1, centres + half) - np.maximum(0, centres - half)).prod(axis=1).mean()
    np.random.seed(0)
    found = [len(erased(room(1000), min_points=1)[1]) / 1000 for _ in range(400)]
    assert np.mean(found) == pytest.approx(expected, abs=0.03)


def test_a_scene_of_which_too_little_would_be_left_stays_whole():
    np.random.seed(0)
    for cloud in (room(300), room(2)):
        count = len(cloud['points'])
        kept, _ = erased(cloud, min_points=count)
        assert len(kept) == count
    flat = room(50)
    flat['points'].tensor[:, 0] = 1.0  # a box of no width holds no point
    assert len(erased(flat, min_points=1)[0]) == 50


def test_ranges_that_are_no_shares_are_named():
    for extent in ((0, 1), (0.5, 1.5), (-1, 0.5)):
        with pytest.raises(ValueError, match=r'extent must be a range within \(0, 1\], got'):
            TRANSFORMS.build(dict(type='RandomBoxErasing', extent=extent))
    with pytest.raises(ValueError, match='min_points must be an integer of at least 1, got 0'):
        TRANSFORMS.build(dict(type='RandomBoxErasing', min_points=0))
