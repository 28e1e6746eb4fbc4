"""What a camera sees of a cloud, against rays through analytic shapes."""

import numpy as np
import pytest

from swin3d_mmdet3d.geometry.camera import intrinsic_matrix, look_at
from swin3d_mmdet3d.geometry.visibility import visible_points

SIZE = (160, 120)
INTRINSIC = intrinsic_matrix(*SIZE, 1.08)
SPACING = 0.08


def plane(corner, first, second, spacing=SPACING):
    """Points of a rectangle on a grid, two edges given as vectors."""
    counts = [max(2, int(np.ceil(np.linalg.norm(edge) / spacing)) + 1) for edge in (first, second)]
    grid = np.meshgrid(*(np.linspace(0, 1, count) for count in counts), indexing='ij')
    share = np.stack(grid, axis=-1).reshape(-1, 2)
    return np.asarray(corner) + share @ np.stack([first, second]).astype(float)


def box(size):
    """Points of all six walls of a box with a corner at the origin."""
    x, y, z = np.diag(size)
    low = [plane([0, 0, 0], *edges) for edges in ((x, y), (x, z), (y, z))]
    high = [walls + offset for walls, offset in zip(low, (z, y, x))]
    return np.concatenate(low + high)


def test_a_screen_hides_what_lies_behind_it_and_nothing_else():
    eye = np.array([0.0, 0, 1.5])
    screen = plane([2.0, -0.5, 1.0], [0, 1.0, 0], [0, 0, 1.0])
    wall = plane([5.0, -3.0, 0.0], [0, 6.0, 0], [0, 0, 3.0])
    pose = look_at(eye, [5.0, 0, 1.5])
    in_view, seen = visible_points(np.concatenate([screen, wall]), pose, INTRINSIC, SIZE, SPACING)
    assert in_view[: len(screen)].all() and seen[: len(screen)].all()
    crossing = eye + (wall - eye) * (2.0 / 5.0)  # where the rays to the wall pass the screen's plane
    outside = np.abs(crossing - [2.0, 0, 1.5]).max(axis=1) - 0.5
    in_view, seen = in_view[len(screen) :], seen[len(screen) :]
    assert 100 < (in_view & (outside < 0)).sum() < in_view.sum() / 2
    assert not seen[outside < 0].any()
    clear = in_view & (outside > 2 * SPACING)  # the patch of a point is that wide at most
    assert seen[clear].all() and clear.sum() > 500


@pytest.mark.parametrize('pitch', [-0.5, 0.0, 0.4])
def test_all_walls_of_an_empty_box_in_view_are_seen_floors_far_off_too(pitch):
    points = box([7.0, 5.0, 2.5])
    eye = np.array([0.8, 1.0, 1.5])
    for angle in np.linspace(0, 2 * np.pi, 7):
        pose = look_at(eye, eye + [np.cos(angle), np.sin(angle), np.tan(pitch)])
        in_view, seen = visible_points(points, pose, INTRINSIC, SIZE, SPACING)
        assert in_view.sum() > 50 and not (seen & ~in_view).any()
        assert seen.sum() > 0.98 * in_view.sum()


def test_view_is_that_of_the_pinhole_and_moves_with_the_camera():
    generator = np.random.default_rng(0)
    points = generator.uniform(-4, 4, (3000, 3))
    eye, target = generator.uniform(-1, 1, (2, 3))
    pose = look_at(eye, target)
    in_view, seen = visible_points(points, pose, INTRINSIC, SIZE, SPACING)
    local = np.linalg.inv(pose) @ np.concatenate([points, np.ones((3000, 1))], axis=1).T
    slopes = np.tan(1.08 / 2) * np.array([1.0, 120 / 160])
    with np.errstate(divide='ignore'):
        expected = (local[2] > 0) & (np.abs(local[:2] / local[2]).T < slopes).all(axis=1)
    assert np.array_equal(in_view, expected) and expected.sum() > 100
    turn = np.linalg.qr(generator.normal(size=(3, 3)))[0]
    turn *= np.sign(np.linalg.det(turn))
    motion = np.eye(4)
    motion[:3, :3], motion[:3, 3] = turn, [5.0, -3, 1]
    moved = visible_points(points @ turn.T + motion[:3, 3], motion @ pose, INTRINSIC, SIZE, SPACING)
    assert np.array_equal(moved[0], in_view) and np.array_equal(moved[1], seen)


def test_nothing_in_view_and_a_spacing_that_is_none():
    points = np.array([[-1.0, 0, 0], [-2.0, 1, 0]])
    pose = look_at(np.zeros(3), [1.0, 0, 0])
    for mask in visible_points(points, pose, INTRINSIC, SIZE, SPACING):
        assert mask.tolist() == [False, False]
    with pytest.raises(ValueError, match='spacing must be a positive length in metres, got 0'):
        visible_points(points, pose, INTRINSIC, SIZE, 0)
