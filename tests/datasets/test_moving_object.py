"""An object that moves through a scan: rigid, clear of the scene, and its correspondences; its views."""

import numpy as np
import pytest
import torch
from mmdet3d.registry import DATASETS, MODELS
from mmengine.dataset import pseudo_collate

from swin3d_mmdet3d.datasets.seeded_generators import seed_generators
from swin3d_mmdet3d.datasets.transforms import (
    InsertMovingObject,
    PackPretrainInputs,
    SequenceViews,
    SourceCoords,
)
from swin3d_mmdet3d.pretraining.matchers import RadiusMatcher
from swin3d_mmdet3d.structures.normal_points import NormalPoints

OBJECTS = dict(type='GeneratedObjectDataset', num_objects=82, num_points=200)
TURN = dict(type='mmdet3d.GlobalRotScaleTrans', rot_range=[-3, 3], scale_ratio_range=[0.9, 1.1])
THIN = dict(type='mmdet3d.GridSample', voxel_size=0.2)
COLORS = dict(type='mmdet3d.NormalizeColorSigned')
VIEWS = dict(pipeline=[TURN, THIN, COLORS], sequence_pipeline=[TURN], finish_pipeline=[THIN, COLORS])


def scene(columns=9):
    """A floor of 5 x 5 m with walls and a box of 1 x 1 x 1 m in one corner."""
    rng = np.random.default_rng(0)
    floor = rng.uniform([0, 0, 0], [5, 5, 0.02], (1500, 3))
    walls = rng.uniform([0, 0, 0], [5, 5, 2.5], (800, 3))
    walls[np.arange(800), rng.integers(0, 2, 800)] = rng.choice([0.0, 5.0], 800)
    box = rng.uniform([0.5, 0.5, 0], [1.5, 1.5, 1], (500, 3))
    xyz = np.concatenate([floor, walls, box])
    rest = np.concatenate([np.full((len(xyz), 3), 120.0), np.tile([0.0, 0, 1], (len(xyz), 1))], axis=1)
    cloud = torch.from_numpy(np.concatenate([xyz, rest], axis=1)[:, :columns].astype(np.float32))
    return SourceCoords().transform(dict(points=NormalPoints.from_columns(cloud)))


def sequence(seed=0, columns=9, **settings):
    seed_generators(seed)
    return InsertMovingObject(OBJECTS, **settings).transform(scene(columns))


def parts(frame):
    """Places of the scene's points and of the object's."""
    moving = frame['per_point']['moving'].astype(bool)
    xyz = frame['points'].coord.numpy()
    return xyz[~moving], xyz[moving]


@pytest.mark.parametrize('seed', range(4))
def test_the_object_is_rigid_stands_on_the_floor_and_the_scene_does_not_move(seed):
    frames = sequence(seed, num_frames=4)['sequence']
    still, first = parts(frames[0])
    for before, after in zip(frames, frames[1:]):
        step = np.linalg.norm((parts(after)[1] - parts(before)[1]).mean(axis=0)[:2])
        assert 0 < step < 0.9
    for frame in frames[1:]:
        other, moved = parts(frame)
        assert np.array_equal(still, other)
        assert not np.allclose(first, moved, atol=0.05)
        distances = [np.linalg.norm(part[:, None] - part[None], axis=2) for part in (first, moved)]
        np.testing.assert_allclose(*distances, atol=1e-5)
        assert moved[:, 2].min() == pytest.approx(0.01, abs=0.01)
    assert 0.4 <= np.ptp(first, axis=0).max() <= 1.2 * 2**0.5


@pytest.mark.parametrize('seed', range(4))
def test_no_point_of_the_object_is_nearer_to_the_scene_than_the_clearance_but_at_the_floor(seed):
    for frame in sequence(seed)['sequence']:
        still, moved = parts(frame)
        standing = still[(still[:, 2] > 0.12) & (still[:, 2] <= moved[:, 2].max())]
        near = np.linalg.norm(standing[:, None, :2] - moved[None, :, :2], axis=2).min(initial=np.inf)
        assert near > 0.1
        assert (moved[:, :2] > 0).all() and (moved[:, :2] < 5).all()


def test_ids_are_one_to_one_and_the_objects_own_places_are_those_of_its_points():
    frames = sequence()['sequence']
    ids = [frame['per_point']['point_ids'] for frame in frames]
    own = frames[0]['per_point']['moving'].astype(bool)
    for frame in frames:
        assert np.array_equal(frame['per_point']['point_ids'], ids[0])
        assert len(np.unique(ids[0])) == len(ids[0]) and ids[0][own].min() > ids[0][~own].max()
        source = frame['per_point']['source_xyz']
        assert source[own, 2].min() - source[~own, 2].max() > 90
        gaps = [np.linalg.norm(part[:, None] - part, axis=2) for part in (source[own], parts(frame)[1])]
        np.testing.assert_allclose(*gaps, atol=2e-4)


def test_the_scene_is_cropped_around_the_way_and_points_without_normals_are_served():
    for columns in (6, 9):
        frames = sequence(columns=columns, max_points=500)['sequence']
        still, moved = parts(frames[1])
        assert len(still) == 500 and len(moved) == 200
        assert frames[0]['points'].tensor.shape[1] == columns
        whole = scene()['points'].coord.numpy()
        middle = np.mean([parts(frame)[1][:, :2].mean(axis=0) for frame in frames], axis=0)
        distances = np.linalg.norm(whole[:, :2] - middle, axis=1)
        assert np.linalg.norm(still[:, :2] - middle, axis=1).max() < np.sort(distances)[1500]
    normals = frames[1]['points'].tensor[-200:, 6:].numpy()
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-5)
    assert np.einsum('pc,pc->p', normals, moved - moved.mean(axis=0)).min() >= -1e-4


def test_objects_that_lie_on_their_side_are_stood_up():
    lying = InsertMovingObject(OBJECTS, up='y', size=(1.0, 1.0))
    standing = InsertMovingObject(OBJECTS, up='z', size=(1.0, 1.0))
    shapes = []
    for transform in (lying, standing):
        seed_generators(5)
        frame = transform.transform(scene())['sequence'][0]
        own = frame['per_point']['moving'].astype(bool)
        shapes.append(frame['per_point']['source_xyz'][own])
    one, other = (shape - shape.mean(axis=0) for shape in shapes)
    np.testing.assert_allclose(np.ptp(one, axis=0), np.ptp(other, axis=0)[[0, 2, 1]], atol=1e-4)
    np.testing.assert_allclose(one[:, 2], other[:, 1], atol=1e-4)


def test_a_scene_without_room_is_skipped_and_bad_arguments_are_named():
    cloud = scene()
    cloud['points'].coord[:, :2] *= 0.2  # a room of one square metre
    assert InsertMovingObject(OBJECTS, num_tries=5).transform(cloud) is None
    with pytest.raises(ValueError, match='size and step must be positive'):
        InsertMovingObject(OBJECTS, size=(0.0, 1.0))
    with pytest.raises(ValueError, match="up must be one of 'y', 'z', got 'x'"):
        InsertMovingObject(OBJECTS, up='x')
    bare = dict(points=scene()['points'])
    with pytest.raises(ValueError, match='points must have point_ids and source_xyz'):
        InsertMovingObject(OBJECTS).transform(bare)
    with pytest.raises(ValueError, match='sequence must be among the keys'):
        SequenceViews(**VIEWS).transform(scene())


def views(seed=0):
    packed = []
    for sample in range(2):
        results = SequenceViews(**VIEWS).transform(sequence(seed + sample))
        packed.append(PackPretrainInputs().transform(results))
    preprocessor = MODELS.build(dict(type='ViewPreprocessor', voxel_size=0.2))
    return preprocessor(pseudo_collate(packed), training=True)['inputs']['views']


def test_pairs_of_a_moved_object_are_those_of_its_points_by_brute_force():
    first, last, *frames = views()
    for one, other in ((first, last), (first, frames[0]), (frames[0], frames[-1])):
        rows, others = RadiusMatcher(radius=0.3, max_pairs=10**6)(one, other)
        moving = [view.at_voxels('moving').bool() for view in (one, other)]
        assert torch.equal(moving[0][rows], moving[1][others])
        assert moving[0][rows].sum() > 10
        places = [view.at_voxels('source_xyz').double() for view in (one, other)]
        sample = [view.voxels.coords[:, 0] for view in (one, other)]
        distance = torch.cdist(*places)
        distance[sample[0][:, None] != sample[1][None]] = torch.inf
        distance[moving[0][:, None] != moving[1][None]] = torch.inf  # what stands still is never the object
        nearest, index = distance.min(dim=1)
        order = rows.argsort()
        assert torch.equal(rows[order], (nearest <= 0.3).nonzero().flatten())
        assert torch.equal(others[order], index[rows[order]])


def test_what_stands_still_does_so_in_all_frames_of_the_sequence_and_not_in_the_first_two_views():
    first, last, *frames = views()
    assert len(frames) == 3

    def places(view):
        ids, at = view.per_point['point_ids'], torch.cat([points[:, :3] for points in view.points])
        own = (view.per_point['moving'] == 0) & (torch.arange(len(ids)) < len(view.points[0]))
        return dict(zip(ids[own].tolist(), at[own]))

    def moves(one, other):
        one, other = places(one), places(other)
        shared = sorted(one.keys() & other.keys())
        assert len(shared) > 100
        return max(float((one[key] - other[key]).norm()) for key in shared)

    assert moves(frames[0], frames[2]) == 0 and moves(frames[0], frames[1]) == 0
    assert moves(first, last) > 0.5 and moves(first, frames[0]) > 0.5


def test_generated_objects_are_the_same_for_the_same_row_and_of_all_kinds():
    bank = DATASETS.build(OBJECTS)
    assert len(bank) == 82 and len(bank.metainfo['classes']) == 41
    assert {bank[row]['gt_label'] for row in range(41)} == set(range(41))
    for row in (0, 17, 60):
        one, other = (bank[row]['points'].coord for _ in range(2))
        assert torch.equal(one, other) and one.shape == (200, 3)
        assert one.norm(dim=1).max() <= 1 + 1e-6
    assert not torch.equal(bank[3]['points'].coord, bank[44]['points'].coord)  # two armchairs
    for change, message in (
        (dict(family='garden'), 'family must be one of cad, office, home'),
        (dict(num_objects=0), 'num_objects must be at least 1'),
        (dict(seed=-1), 'seed must not be negative'),
    ):
        with pytest.raises(ValueError, match=message):
            DATASETS.build(dict(OBJECTS, **change))
