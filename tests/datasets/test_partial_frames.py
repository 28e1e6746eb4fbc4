"""Frames of a camera that walks through a scan: what they share with the complete cloud, and how it walks."""

import numpy as np
import pytest
import torch

from swin3d_mmdet3d.datasets.seeded_generators import seed_generators
from swin3d_mmdet3d.datasets.transforms import PartialFrames, SourceCoords
from swin3d_mmdet3d.datasets.transforms.frames.virtual_camera import VirtualCamera
from swin3d_mmdet3d.geometry.camera import intrinsic_matrix, project
from swin3d_mmdet3d.structures.normal_points import NormalPoints

SPACING = 0.15
MOVE = dict(type='GlobalRotScaleTrans', rot_range=[-3, 3], scale_ratio_range=[0.9, 1.1])


def room(size=(6.0, 5.0, 2.5), count=6000, seed=0):
    """Points on floor, ceiling and walls of a room, and on a box in it."""
    generator = np.random.default_rng(seed)
    size = np.array(size)
    points = generator.uniform(0, 1, (count, 3))
    face = generator.integers(0, 6, count)
    points[np.arange(count), face // 2] = face % 2
    points *= size
    box = generator.uniform([2.5, 2.0, 0], [3.5, 2.5, 1.0], (300, 3))
    box[:, 1] = 2.0 + generator.integers(0, 2, 300) / 2
    return np.concatenate([points, box])


def sample(xyz, **fields):
    colors = np.random.default_rng(1).uniform(0, 255, (len(xyz), 3))
    points = NormalPoints.from_columns(np.concatenate([xyz, colors], axis=1).astype(np.float32))
    return SourceCoords().transform(dict(points=points, **fields))


def frames_of(xyz, seed=0, complete=(), frame=(), **changes):
    seed_generators(seed)
    transform = PartialFrames(list(complete), list(frame), **{**dict(spacing=SPACING), **changes})
    return transform.transform(sample(xyz))


def test_frames_hold_points_of_the_complete_cloud_that_lie_in_their_view():
    xyz = room()
    results = frames_of(xyz, num_frames=3)
    complete, *frames = results['views']
    assert len(frames) == 3 and len(complete['points']) == len(xyz)
    in_frame = complete['per_point']['in_frame']
    assert in_frame.dtype == bool and in_frame.shape == (len(xyz), 3)
    for number, frame in enumerate(frames):
        ids = frame['per_point']['point_ids']
        assert in_frame[ids, number].all()
        assert 0.2 * in_frame[:, number].sum() < len(ids) <= in_frame[:, number].sum()
        assert torch.equal(frame['points'].tensor, results['points'].tensor[ids])
        assert 'in_frame' not in frame['per_point']
    overlaps = [
        len(np.intersect1d(frames[0]['per_point']['point_ids'], other['per_point']['point_ids']))
        for other in frames[1:]
    ]
    assert overlaps[0] > overlaps[1] > 0


def test_views_are_moved_by_their_own_pipelines_and_keep_where_points_lay():
    xyz = room()
    results = frames_of(xyz, num_frames=2, frame=[MOVE])
    complete, *frames = results['views']
    np.testing.assert_allclose(complete['points'].coord.numpy(), xyz, atol=1e-6)
    moved = [frame['points'].coord.numpy() for frame in frames]
    for frame, there in zip(frames, moved):
        fields = frame['per_point']
        np.testing.assert_allclose(fields['source_xyz'], xyz[fields['point_ids']], atol=1e-6)
        assert np.abs(there - fields['source_xyz']).max() > 0.5
    assert not np.allclose(moved[0][0], moved[1][0], atol=0.1)


@pytest.mark.parametrize('seed', range(4))
def test_the_camera_walks_by_its_step_and_turn_at_the_height_of_a_hand_and_touches_nothing(seed):
    xyz = room()
    seed_generators(seed)
    camera = VirtualCamera(SPACING, step=0.3, turn=0.4, clearance=0.35)
    poses = camera.walk(xyz, 8)
    eyes = np.array([pose[:3, 3] for pose in poses])
    ways = np.diff(eyes, axis=0)
    lengths = np.linalg.norm(ways, axis=1)
    moved = lengths > 1e-9
    np.testing.assert_allclose(lengths[moved], 0.3, atol=1e-9)
    np.testing.assert_allclose(ways[moved], np.broadcast_to(ways[moved][:1], ways[moved].shape), atol=1e-9)
    assert (ways[:, 2] == 0).all() and 1.2 <= eyes[0, 2] <= 1.75
    distance = np.linalg.norm(eyes[:, None] - xyz, axis=2).min(axis=1)
    assert (distance >= 0.35).all()
    for before, after in zip(poses, poses[1:]):
        gaze = [pose[:2, 2] / np.linalg.norm(pose[:2, 2]) for pose in (before, after)]
        assert np.arccos(np.clip(gaze[0] @ gaze[1], -1, 1)) == pytest.approx(0.4, abs=1e-6)
    assert len({round(pose[2, 2], 9) for pose in poses}) == 1  # it keeps looking up or down as much


def test_what_lies_in_view_is_hidden_by_walls_in_the_way():
    """From a spot in one of two rooms, almost no point of the other is seen, and many lie in view."""
    near = room((4.0, 4.0, 2.5), 6000)
    far = near + [4.3, 0.0, 0.0]
    camera = VirtualCamera(SPACING)
    seed_generators(0)
    checked = leaked = 0
    for _ in range(10):
        for pose in camera.walk(near, 3):
            in_view, seen = camera.see(np.concatenate([near, far]), pose)
            assert seen[: len(near)].sum() > 0
            behind = far[:, 0] > 5.3  # the first wall of the other room lies within the slack
            leaked += seen[len(near) :][
                behind
            ].sum()  # where no point happens to lie for more than the spacing
            checked += in_view[len(near) :][behind].sum()
            pixels, depth = project(near, pose, intrinsic_matrix(*camera.size, camera.view))
            assert (depth[in_view[: len(near)]] > 0).all() and np.isfinite(pixels[in_view[: len(near)]]).all()
    assert checked > 1000 and leaked < 0.005 * checked


def test_the_complete_cloud_is_what_lies_nearest_to_the_walk():
    xyz = room((12.0, 10.0, 2.5), 12000)
    complete, *frames = frames_of(xyz, max_points=2000)['views']
    assert len(complete['points']) == 2000
    kept = np.zeros(len(xyz), dtype=bool)
    kept[complete['per_point']['point_ids']] = True
    centers = np.stack([xyz[kept].min(axis=0), xyz[kept].max(axis=0)]).mean(axis=0)
    spread = np.linalg.norm((xyz - centers)[:, :2], axis=1)
    assert spread[kept].max() < np.quantile(spread, 0.6)
    assert all(kept[frame['per_point']['point_ids']].all() for frame in frames)


def test_shuffled_fields_of_the_complete_cloud_belong_to_other_points():
    xyz = room()
    own, control = (frames_of(xyz, num_frames=2, shuffle=shuffle)['views'] for shuffle in (False, True))
    for mine, other in zip(own[1:], control[1:]):
        assert torch.equal(mine['points'].tensor, other['points'].tensor)
    assert torch.equal(own[0]['points'].tensor, control[0]['points'].tensor)
    fields, shuffled = own[0]['per_point'], control[0]['per_point']
    order = shuffled['point_ids']
    assert (order != fields['point_ids']).mean() > 0.99
    for name, values in fields.items():
        assert np.array_equal(shuffled[name], values[order])


def test_a_walk_whose_frames_see_enough_is_taken_where_there_is_one(monkeypatch):
    xyz = room(count=3000)
    poorest = {
        least: [
            min(len(frame['points']) for frame in frames_of(xyz, seed, min_seen=least)['views'][1:])
            for seed in range(6)
        ]
        for least in (0.0, 0.2)
    }
    first, chosen = np.array(poorest[0.0]), np.array(poorest[0.2])
    assert (chosen >= first).all() and (chosen > first).any()
    enough = first >= 0.2 * len(xyz)
    assert enough.any() and (chosen[enough] == first[enough]).all()
    blind = np.zeros(len(xyz), dtype=bool)
    monkeypatch.setattr(VirtualCamera, 'see', lambda self, xyz, pose: (~blind, blind))
    assert frames_of(xyz) is None


def test_clouds_of_a_point_and_wrong_arguments_are_told():
    with pytest.raises(ValueError, match='points must hold at least one point, got none'):
        frames_of(np.zeros((0, 3)))
    one = frames_of(np.zeros((1, 3)))
    assert one is None or len(one['views'][1]['points']) == 1
    with pytest.raises(ValueError, match='spacing must be a positive number, got 0'):
        PartialFrames([], [], spacing=0)
    with pytest.raises(ValueError, match='num_frames must be an integer of at least 1, got 0'):
        PartialFrames([], [], spacing=0.1, num_frames=0)
