"""Crops as views: where they lie, how large they are, what they hold, and what becomes of tiny clouds."""

import numpy as np
import pytest
import torch
from mmcv.transforms import BaseTransform
from mmdet3d.registry import TRANSFORMS

from swin3d_mmdet3d.datasets.transforms import MakeViews, MultiCrop, SourceCoords
from swin3d_mmdet3d.structures.normal_points import NormalPoints

NOTHING = [dict(type='KeepSample')]
SEEDS = range(40)


@TRANSFORMS.register_module(force=True)
class KeepSample(BaseTransform):
    """Do nothing."""

    def transform(self, results):
        return results


@TRANSFORMS.register_module(force=True)
class SpoilSample(BaseTransform):
    """Overwrite everything that a view holds."""

    def transform(self, results):
        results['points'].tensor.fill_(-1)
        results['per_point']['source_xyz'][:] = -1
        results['ragged']['queries'][:] = -1
        results['frames'][0][:] = -1
        return results


class Scenes:
    """A data set that cannot be copied."""

    def __deepcopy__(self, memo):
        raise AssertionError('a view must not copy the data set')


def cloud(count, seed=0):
    columns = np.random.default_rng(seed).uniform(0, 4, (count, 6)).astype(np.float32)
    return SourceCoords().transform(dict(points=NormalPoints.from_columns(columns)))


def crops(results, seed=0, **settings):
    """The ids of the points of each view."""
    np.random.seed(seed)
    views = MultiCrop(**{'global_pipeline': NOTHING, 'local_pipeline': NOTHING, **settings}).transform(
        dict(results)
    )
    return [view['per_point']['point_ids'] for view in views['views']]


def centers_of(rows, xyz):
    """The points whose nearest ones, as many as the crop has, are the crop."""
    distance = np.linalg.norm(xyz[:, None] - xyz[None], axis=2)
    inside = distance[:, rows].max(axis=1)
    others = np.delete(distance, rows, axis=1).min(axis=1, initial=np.inf)
    return set(np.flatnonzero(inside < others))


@pytest.mark.parametrize('seed', SEEDS)
def test_crops_are_balls_around_points_of_the_principal_crop_and_overlap_it(seed):
    results = cloud(60, seed)
    xyz = results['points'].coord.double().numpy()
    found = crops(results, seed, num_global=3, num_local=2, global_ratio=(0.1, 0.4), local_ratio=(0.05, 0.2))
    assert len(found) == 5
    principal = set(found[0])
    for rows in found:
        assert centers_of(rows, xyz) & principal
        assert principal & set(rows)


def test_crops_of_one_cloud_differ():
    found = {tuple(rows) for seed in SEEDS for rows in crops(cloud(200), seed, global_ratio=(0.1, 0.1))}
    assert len(found) > len(SEEDS)


def test_every_point_is_the_centre_of_a_principal_crop_as_often_as_others():
    drawn = [crops(cloud(4), seed, num_global=1, global_ratio=(0.25, 0.25))[0][0] for seed in range(800)]
    counts = np.bincount(drawn, minlength=4)
    assert ((counts - 200) ** 2 / 200).sum() < 16.3  # chi-square of 3 degrees of freedom at 0.001


@pytest.mark.parametrize(
    ('points', 'ratio', 'max_points', 'count'),
    [(200, 0.5, 65536, 100), (200, 0.5, 80, 40), (200, 1.0, 80, 80), (30, 1.0, 80, 30), (7, 0.3, 80, 2)],
)
def test_a_crop_has_its_share_of_the_points_or_of_the_most(points, ratio, max_points, count):
    found = crops(cloud(points), global_ratio=(ratio, ratio), max_points=max_points)
    assert [len(rows) for rows in found] == [count, count]


def test_sizes_are_drawn_from_the_range():
    sizes = [len(rows) for seed in SEEDS for rows in crops(cloud(1000), seed, global_ratio=(0.2, 0.6))]
    assert 200 <= min(sizes) < 250 and 550 < max(sizes) <= 600


@pytest.mark.parametrize('count', [1, 2, 5])
def test_a_cloud_of_a_few_points_gives_all_views(count):
    found = crops(cloud(count), num_local=4, global_ratio=(0.4, 0.4), local_ratio=(0.1, 0.1))
    assert [len(rows) for rows in found] == [max(1, int(0.4 * count))] * 2 + [1] * 4
    assert all(found[0][0] <= rows.max() and set(rows) <= set(range(count)) for rows in found)


def test_points_in_one_place_are_cropped_by_number():
    results = SourceCoords().transform(dict(points=NormalPoints.from_columns(np.ones((9, 6), np.float32))))
    for seed in SEEDS:
        principal, other = crops(results, seed, global_ratio=(0.4, 0.4))
        assert len(principal) == len(other) == 3 and set(principal) & set(other)


def test_local_crops_cover_the_principal_one_before_any_point_of_it_comes_twice():
    for seed in SEEDS:
        principal, *local = crops(
            cloud(40, seed),
            seed,
            num_global=1,
            num_local=20,
            global_ratio=(0.2, 0.2),
            local_ratio=(0.01, 0.01),
        )
        centers = [rows[0] for rows in local]  # each of one point
        assert sorted(centers[:8]) == sorted(centers[8:16]) == list(principal)
        assert len(set(centers[16:])) == 4 and set(centers[16:]) <= set(principal)


def test_global_crops_come_first_and_go_through_their_own_pipeline():
    turn = dict(type='GlobalRotScaleTrans', rot_range=[1.0, 1.0], scale_ratio_range=[1.0, 1.0])
    results = MultiCrop([turn], NOTHING, num_global=2, num_local=2).transform(cloud(50))
    moved = [
        not np.allclose(view['points'].coord.numpy(), view['per_point']['source_xyz'])
        for view in results['views']
    ]
    assert moved == [True, True, False, False]


def test_a_view_that_is_skipped_skips_the_sample():
    @TRANSFORMS.register_module(force=True)
    class SkipSample(BaseTransform):
        def transform(self, results):
            return None

    assert MultiCrop(NOTHING, [dict(type='SkipSample')], num_local=1).transform(cloud(9)) is None


@pytest.mark.parametrize('make', ['MultiCrop', 'MakeViews'])
def test_what_a_view_does_to_its_sample_no_other_sees_and_the_data_set_is_not_copied(make):
    results = cloud(50)
    results.update(dataset=Scenes(), ragged=dict(queries=np.ones((3, 2))), frames=[np.ones((4, 4))])
    before = results['points'].tensor.clone()
    spoil = [dict(type='SpoilSample')]
    if make == 'MultiCrop':
        transform = MultiCrop(spoil, NOTHING, num_global=1, num_local=2)
    else:
        transform = MakeViews([spoil, NOTHING])
    views = transform.transform(results)['views']
    assert (views[0]['points'].tensor == -1).all() and (views[0]['frames'][0] == -1).all()
    for view in (results, *views[1:]):
        ids = view['per_point']['point_ids']
        assert torch.equal(view['points'].tensor, before[ids])
        assert (view['ragged']['queries'] == 1).all() and (view['frames'][0] == 1).all()
        np.testing.assert_array_equal(view['per_point']['source_xyz'], before[ids, :3])
        assert view['dataset'] is results['dataset']


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (dict(num_global=0), 'num_global must be an integer of at least 1, got 0'),
        (dict(num_local=-1), 'num_local must be an integer of at least 1, got -1'),
        (dict(num_local=2, local_pipeline=[]), 'local_pipeline must make views of 2 local crops'),
        (dict(max_points=0), 'max_points must be an integer of at least 1, got 0'),
        (dict(global_ratio=(0.0, 1.0)), r'global_ratio must lie in \(0, 1\]'),
        (dict(local_ratio=(0.1, 1.2)), r'local_ratio must lie in \(0, 1\]'),
        (dict(global_ratio=(0.6, 0.4)), 'global_ratio must be two finite numbers, the lower first'),
    ],
)
def test_wrong_settings_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        MultiCrop(**{'global_pipeline': NOTHING, 'local_pipeline': NOTHING, **settings})


def test_an_empty_cloud_is_named():
    with pytest.raises(ValueError, match='scene without a file: points must hold at least one point'):
        MultiCrop(NOTHING).transform(cloud(0))


@TRANSFORMS.register_module(force=True)
class NewColor(BaseTransform):
    """Give all points one colour, a new one each time."""

    def transform(self, results):
        results['points'].tensor[:, 3:] = torch.from_numpy(np.random.uniform(0, 255, 3))
        return results


def test_global_crops_share_what_the_shared_pipeline_does_and_local_ones_do_not_have_it():
    results = cloud(300)
    before = results['points'].tensor.clone()
    np.random.seed(0)
    transform = MultiCrop(
        NOTHING, NOTHING, num_global=2, num_local=2, shared_pipeline=[dict(type='NewColor')]
    )
    views = transform.transform(dict(results))['views']
    colors = [view['points'].tensor[:, 3:].unique(dim=0) for view in views]
    assert len(colors[0]) == 1 and torch.equal(colors[0], colors[1])
    for view in views[2:]:
        torch.testing.assert_close(view['points'].tensor, before[view['per_point']['point_ids']])
    for view in views[:2]:
        torch.testing.assert_close(view['points'].coord, before[view['per_point']['point_ids'], :3])
    assert torch.equal(results['points'].tensor, before)
