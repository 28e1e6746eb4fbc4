import numpy as np
import pytest

from swin3d_mmdet3d.geometry.camera import (
    intrinsic_matrix,
    look_at,
    pixel_grid,
    project,
    unproject,
    visible_in_depth,
)

INTRINSIC = intrinsic_matrix(64, 48, np.deg2rad(60))
POSE = look_at(np.array([1.0, -2.0, 1.5]), np.array([2.0, 3.0, 0.4]))


def test_project_undoes_unproject():
    rng = np.random.default_rng(0)
    pixels = rng.uniform([0, 0], [63, 47], (200, 2))
    depth = rng.uniform(0.3, 9.0, 200)
    again, again_depth = project(unproject(pixels, depth, POSE, INTRINSIC), POSE, INTRINSIC)
    np.testing.assert_allclose(again, pixels, atol=1e-9)
    np.testing.assert_allclose(again_depth, depth, atol=1e-9)


def test_pose_is_a_rotation_that_looks_at_the_target_with_the_image_upright():
    np.testing.assert_allclose(POSE[:3, :3].T @ POSE[:3, :3], np.eye(3), atol=1e-12)
    assert np.isclose(np.linalg.det(POSE[:3, :3]), 1.0)
    target, above = project(np.array([[2.0, 3.0, 0.4], [2.0, 3.0, 0.9]]), POSE, INTRINSIC)[0]
    np.testing.assert_allclose(target, [31.5, 23.5], atol=1e-9)
    assert above[1] < target[1]


def test_angle_of_view_spans_the_image():
    left, right = unproject(np.array([[-0.5, 23.5], [63.5, 23.5]]), np.ones(2), np.eye(4), INTRINSIC)
    angle = np.arctan2(right[0], right[2]) - np.arctan2(left[0], left[2])
    assert np.isclose(angle, np.deg2rad(60))


def test_pixel_grid_runs_row_by_row():
    np.testing.assert_array_equal(pixel_grid(2, 2), [[0, 0], [1, 0], [0, 1], [1, 1]])


def test_points_behind_the_camera_have_no_pixel():
    pixel, depth = project(np.array([[0.0, 0.0, -1.0]]), np.eye(4), INTRINSIC)
    assert np.isnan(pixel).all() and depth[0] == -1.0


def test_visibility_needs_the_image_the_measured_depth_and_a_measurement():
    depth_map = np.array([[1.0, 2.0], [0.0, 1.0]])
    pixels = np.array([[0.2, 0.1], [1.0, 0.0], [0.0, 1.0], [2.0, 0.0], [np.nan, np.nan]])
    depth = np.array([1.02, 2.5, 1.0, 1.0, -1.0])
    expected = [True, False, False, False, False]
    np.testing.assert_array_equal(visible_in_depth(pixels, depth, depth_map), expected)


@pytest.mark.parametrize('tolerance', [0.05, 0.2])
def test_points_before_and_behind_the_measured_surface_are_hidden_alike(tolerance):
    gap = tolerance * np.array([-4.0, -1.01, -0.99, 0.0, 0.99, 1.01, 4.0])
    pixels = np.tile([1.0, 0.0], (7, 1))
    visible = visible_in_depth(pixels, 2.0 + gap, np.array([[9.0, 2.0]]), tolerance)
    np.testing.assert_array_equal(visible, np.abs(gap) < tolerance)
    near = visible_in_depth(pixels[:1], np.array([tolerance / 2]), np.zeros((1, 2)), tolerance)
    assert not near.any()  # nothing was measured there


def test_a_point_is_seen_by_the_pixel_whose_square_it_lies_in():
    depth_map = np.arange(1.0, 7.0).reshape(2, 3)
    u, v = np.meshgrid([-0.6, -0.4, 0.4, 0.6, 1.4, 2.4, 2.6], [-0.6, -0.4, 0.4, 0.6, 1.4, 1.6])
    column, row = np.round(u).astype(int), np.round(v).astype(int)
    inside = (u > -0.5) & (u < 2.5) & (v > -0.5) & (v < 1.5)
    depth = np.where(inside, depth_map[row.clip(0, 1), column.clip(0, 2)], 1.0)
    pixels = np.stack([u.ravel(), v.ravel()], axis=1)
    np.testing.assert_array_equal(visible_in_depth(pixels, depth.ravel(), depth_map, 0.1), inside.ravel())


def test_bad_input_is_named():
    with pytest.raises(ValueError, match='points must have the shape'):
        project(np.zeros((3, 2)), POSE, INTRINSIC)
    with pytest.raises(ValueError, match='target must not lie straight above'):
        look_at(np.zeros(3), np.array([0.0, 0.0, 1.0]))
