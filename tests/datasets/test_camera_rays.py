"""Rays of cameras: where they start and end, whatever happens to the cloud."""

import numpy as np
import pytest
import torch
from mmdet3d.registry import TRANSFORMS
from posed_frames import INTRINSIC, ROOM, SIZE, poses, room_depth, room_image

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.geometry.camera import project
from swin3d_mmdet3d.structures.normal_points import NormalPoints
from swin3d_mmdet3d.structures.rgbd_frame import RGBDFrame

MOVES = {
    'none': [],
    'turn': [dict(type='RandomAxisRotation', axis='x', angle_range=(0.3, 0.3))],
    'all': [
        dict(type='RandomAxisRotation', axis='y', angle_range=(0.05, 0.05)),
        dict(type='GlobalRotScaleTrans', rot_range=[2.0, 2.0], scale_ratio_range=[1.2, 1.2]),
        dict(type='RandomFlip3D', sync_2d=False, flip_ratio_bev_horizontal=1.0, flip_ratio_bev_vertical=0.0),
        dict(type='PositiveShift'),
    ],
}


def sample(offset=(0.0, 0, 0), num_frames=3):
    """A room with frames from its middle; walls are known by their colour, which is the place."""
    offset = np.array(offset)
    xyz = np.random.default_rng(0).random((500, 3)) * ROOM + offset
    xyz[:8] = np.stack(np.meshgrid([0, 1], [0, 1], [0, 1]), axis=-1).reshape(8, 3) * ROOM + offset
    columns = torch.from_numpy(np.concatenate([xyz, np.zeros((500, 3))], axis=1)).float()
    frames = []
    for index, pose in enumerate(poses(num_frames)):
        moved = pose.copy()
        moved[:3, 3] += offset
        depth = room_depth(pose).astype(np.float32)
        frames.append(RGBDFrame(f'frame {index}', room_image(pose), depth, moved, INTRINSIC))
    return dict(points=NormalPoints.from_columns(columns), frames=frames)


def run(results, *steps):
    np.random.seed(0)
    for step in steps:
        results = TRANSFORMS.build(step)(results)
    return results


def rays_of(results):
    return (
        results['ragged'][f'ray_{name}'].astype(np.float64)
        for name in ('origin', 'direction', 'depth', 'color')
    )


@pytest.mark.parametrize('moves', MOVES.values(), ids=MOVES)
@pytest.mark.parametrize('offset', [(0.0, 0, 0), (300.0, -70, 5)], ids=['here', 'far'])
def test_rays_end_where_their_pixel_says_after_any_motion_of_the_whole(moves, offset):
    """Colours are places: a copy of each ray's wall point that rides along as a point must meet its end."""
    results = run(
        sample(offset), dict(type='SourceCoords'), *moves, dict(type='CameraRays', rays_per_frame=200)
    )
    origin, direction, depth, color = rays_of(results)
    assert len(depth) == 600
    walls = (color * ROOM + offset).astype(np.float32)
    riders = sample(offset)
    columns = torch.from_numpy(np.concatenate([walls, np.zeros_like(walls)], axis=1))
    riders['points'] = NormalPoints.from_columns(torch.cat([riders['points'].tensor, columns]))
    moved = run(riders, *moves)['points'].coord.numpy()[500:]
    ends = origin + depth[:, None] * direction
    np.testing.assert_allclose(ends, moved, atol=ROOM.max() / 255 * 1.2)  # colours are of 8 bits
    np.testing.assert_allclose(np.linalg.norm(direction, axis=1), 1, atol=1e-6)


def test_depth_is_along_the_ray_and_pixels_project_back():
    results = run(
        sample(num_frames=1), dict(type='SourceCoords'), dict(type='CameraRays', rays_per_frame=100)
    )
    origin, direction, depth, _ = rays_of(results)
    (frame,) = results['frames']
    cosine = direction @ frame.pose[:3, 2]
    pixels, z = project(origin + depth[:, None] * direction, frame.pose, frame.intrinsic)
    np.testing.assert_allclose(depth * cosine, z, atol=1e-5)
    column, row = np.round(pixels).astype(int).T
    np.testing.assert_allclose(pixels, np.stack([column, row], axis=1), atol=1e-3)
    np.testing.assert_allclose(z, frame.depth[row, column], atol=1e-5)
    told = results['ragged']['ray_pixel']
    np.testing.assert_array_equal(told, np.stack([np.zeros_like(row), column, row], axis=1))
    assert (depth > z + 1e-3).any()


def test_a_recording_turned_as_a_whole_has_the_rays_turned_with_it():
    angle = 0.7
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    turned = sample()
    turned['points'].tensor[:, :3] @= torch.from_numpy(turn.T).float()
    for frame in turned['frames']:
        frame.pose = np.block([[turn, np.zeros((3, 1))], [np.zeros((1, 3)), np.ones((1, 1))]]) @ frame.pose
    steps = [dict(type='SourceCoords'), dict(type='CameraRays')]
    augment = dict(type='RandomAxisRotation', axis='z', angle_range=(angle, angle))
    there = rays_of(run(run(turned, steps[0]), steps[1]))
    here = rays_of(run(run(sample(), steps[0], augment), steps[1]))
    for by_recording, by_augmentation in zip(there, here):
        np.testing.assert_allclose(by_recording, by_augmentation, atol=2e-5)


def test_pixels_without_depth_or_too_far_have_no_ray():
    results = sample(num_frames=1)
    (frame,) = results['frames']
    near = (frame.depth < 1.8).sum()
    frame.depth[:5] = 0
    measured = ((frame.depth > 0) & (frame.depth < 1.8)).sum()
    results = run(
        results, dict(type='SourceCoords'), dict(type='CameraRays', rays_per_frame=9999, max_depth=1.8)
    )
    assert 0 < len(results['ragged']['ray_depth']) == measured < near


@pytest.mark.parametrize('margin', [0.01, 0.4])
def test_rays_that_end_outside_of_what_is_left_are_cropped(margin):
    results = run(sample(), dict(type='SourceCoords'), dict(type='CameraRays'))
    before = list(rays_of(results))
    points = results['points']
    results['points'] = points[points.coord[:, 0] < 1.5]
    low, high = (bound.numpy() for bound in results['points'].coord.aminmax(dim=0))
    after = list(rays_of(run(results, dict(type='CropRays', margin=margin))))
    ends = before[0] + before[2][:, None] * before[1]
    kept = ((ends >= low - margin) & (ends <= high + margin)).all(axis=1)
    assert 100 < kept.sum() < len(kept) - 100
    assert len(results['ragged']['ray_pixel']) == kept.sum()
    for own, all_of_them in zip(after, before):
        np.testing.assert_array_equal(own, all_of_them[kept])


def test_the_control_has_the_same_depths_and_colours_for_other_rays():
    steps = [dict(type='SourceCoords'), dict(type='CameraRays')]
    own = list(rays_of(run(sample(), *steps, dict(type='CropRays'))))
    shuffled = list(rays_of(run(sample(), *steps, dict(type='CropRays', shuffle=True))))
    for place in (0, 1):
        np.testing.assert_array_equal(own[place], shuffled[place])
    pairs = [np.concatenate([rays[2][:, None], rays[3]], axis=1) for rays in (own, shuffled)]
    assert (pairs[0] != pairs[1]).any(axis=1).mean() > 0.5
    np.testing.assert_array_equal(*(rows[np.lexsort(rows.T)] for rows in pairs))


def test_clouds_that_did_not_move_as_a_whole_are_named():
    with pytest.raises(ValueError, match='per_point fields must have source_xyz; SourceCoords adds it'):
        run(sample(), dict(type='CameraRays'))
    results = run(sample(), dict(type='SourceCoords'))
    results['points'].tensor[7, 0] += 0.01
    with pytest.raises(ValueError, match=r'points must have moved as a whole to 0.001 m, got 0.00\d+ m'):
        run(results, dict(type='CameraRays'))
    results = run(
        sample(), dict(type='SourceCoords'), dict(type='ResizeFrames', size=(SIZE[0] // 2, SIZE[1] // 2))
    )
    with pytest.raises(ValueError, match='rays must be drawn before the image is resized or cropped'):
        run(results, dict(type='CameraRays'))
