import numpy as np
import pytest

from swin3d_mmdet3d.geometry.camera import (
    check_intrinsic,
    intrinsic_matrix,
    is_rigid,
    look_at,
    project,
    scale_intrinsic,
)
from swin3d_mmdet3d.geometry.correspondence import back_project, nearest_within, visible_pixels

INTRINSIC = intrinsic_matrix(32, 24, np.deg2rad(60))
POSE = look_at(np.array([1.0, -2.0, 1.5]), np.array([2.0, 3.0, 0.4]))


def random_depth():
    depth = np.random.default_rng(0).uniform(0.5, 12.0, (24, 32))
    depth[3:6] = 0
    return depth


def test_back_projection_then_projection_is_the_identity_within_1e_4_pixels():
    depth = random_depth()
    points, pixels = back_project(depth, POSE, INTRINSIC)
    again, again_depth = project(points.astype(np.float32), POSE, INTRINSIC)
    np.testing.assert_allclose(again, pixels, atol=1e-4)
    np.testing.assert_allclose(again_depth, depth[pixels[:, 1], pixels[:, 0]], atol=1e-5)


def test_pixels_without_a_measurement_or_beyond_range_have_no_point():
    depth = random_depth()
    _, pixels = back_project(depth, POSE, INTRINSIC, max_depth=8.0)
    seen = np.zeros(depth.shape, dtype=bool)
    seen[pixels[:, 1], pixels[:, 0]] = True
    np.testing.assert_array_equal(seen, (depth > 0) & (depth <= 8.0))


def test_bounds_belong_to_what_they_bound():
    _, pixels = back_project(np.array([[1.5, 2.0, 2.5]]), POSE, INTRINSIC, max_depth=2.0)
    assert pixels[:, 0].tolist() == [0, 1]
    line = np.array([[0.0, 0, 0], [0.25, 0, 0], [0.5, 0, 0]])
    rows, _ = nearest_within(line, line[:1], radius=0.25)
    assert rows.tolist() == [0, 1]


def test_all_points_of_a_frame_are_visible_in_it_at_their_pixels():
    depth = random_depth()
    points, pixels = back_project(depth, POSE, INTRINSIC)
    rows, found = visible_pixels(points, depth, POSE, INTRINSIC, tolerance=1e-6)
    np.testing.assert_array_equal(rows, np.arange(len(points)))
    np.testing.assert_allclose(found, pixels, atol=1e-9)


def test_points_behind_a_surface_are_hidden():
    depth = np.full((24, 32), 2.0)
    points, _ = back_project(depth, POSE, INTRINSIC)
    behind = points + 0.2 * POSE[:3, 2]
    rows, _ = visible_pixels(np.concatenate([behind, points]), depth, POSE, INTRINSIC, tolerance=0.05)
    np.testing.assert_array_equal(rows, len(points) + np.arange(len(points)))


def test_nearest_within_agrees_with_the_distance_matrix():
    rng = np.random.default_rng(1)
    query, source = rng.uniform(0, 1, (50, 3)), rng.uniform(0, 1, (40, 3))
    distance = np.linalg.norm(query[:, None] - source[None], axis=2)
    rows, index = nearest_within(query, source, 0.15)
    expected = np.flatnonzero(distance.min(axis=1) <= 0.15)
    np.testing.assert_array_equal(rows, expected)
    np.testing.assert_array_equal(index, distance[expected].argmin(axis=1))
    assert len(nearest_within(query, source[:0], 0.15)[0]) == 0


def test_resized_image_sees_a_point_at_the_resized_pixel():
    scaled = scale_intrinsic(INTRINSIC, 2.0, 0.5)
    point = np.array([[1.8, 2.0, 0.9]])
    full, _ = project(point, POSE, INTRINSIC)
    resized, _ = project(point, POSE, scaled)
    np.testing.assert_allclose((resized + 0.5) / [2.0, 0.5], full + 0.5, atol=1e-12)


def test_intrinsics_of_another_resolution_are_refused():
    color = np.array([[1170.0, 0, 648.0], [0, 1170.0, 484.0], [0, 0, 1]])
    check_intrinsic(color, 1296, 968)
    with pytest.raises(ValueError, match=r'scene0\.txt must belong to images of 640 x 480.*648'):
        check_intrinsic(color, 640, 480, 'scene0.txt')
    with pytest.raises(ValueError, match='another resolution'):
        check_intrinsic(scale_intrinsic(color, 640 / 1296, 480 / 968), 1296, 968)
    with pytest.raises(ValueError, match='positive focal lengths'):
        check_intrinsic(-color, 1296, 968)
    with pytest.raises(ValueError, match=r'finite \(3, 3\) or \(4, 4\)'):
        check_intrinsic(color * np.nan, 1296, 968)


@pytest.mark.parametrize('spoil', [np.inf, np.nan, 2.0])
def test_a_pose_is_rigid_unless_spoilt(spoil):
    assert is_rigid(POSE)
    pose = POSE.copy()
    pose[0, 0] = spoil
    assert not is_rigid(pose)


def test_a_mirrored_pose_is_not_rigid():
    assert not is_rigid(POSE @ np.diag([-1.0, 1, 1, 1]))


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match='radius must be a positive'):
        nearest_within(np.zeros((1, 3)), np.zeros((1, 3)), 0.0)
    with pytest.raises(ValueError, match='depth_map must have the shape'):
        back_project(np.zeros((2, 2, 1)), POSE, INTRINSIC)
