import math

import numpy as np
import pytest
import torch

from swin3d_mmdet3d.geometry import axis_views
from swin3d_mmdet3d.models.image_networks import sample_pixels
from swin3d_mmdet3d.structures import PixelMatches


def cloud(num_points=300, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (num_points, 3)) * [1.0, 0.6, 0.3]


def drawn_by_loops(xyz, size=224):
    """One image of the released form, point by point; pixels as (row, column)."""
    extent = max(xyz[:, axis].max() - xyz[:, axis].min() for axis in (0, 1))
    grid = extent / (size - 3)
    cells = [[math.floor((p[axis] - xyz[:, axis].min()) / grid) + 1 for axis in (0, 1)] for p in xyz]
    splats = [[(r + i, c + j) for i in range(-2, 3) for j in range(-2, 3)] for r, c in cells]
    offset = []
    for axis in (0, 1):
        places = [place[axis] for splat in splats for place in splat]
        offset.append(size // 2 - math.floor((max(places) + min(places)) / 2) - 1)
    total = np.zeros((size, size))
    for splat, point in zip(splats, xyz):
        for place in splat:
            row, column = (p + o for p, o in zip(place, offset))
            row += (row < 0) - (row > size - 1)
            column += (column < 0) - (column > size - 1)
            total[row, column] += point[2]
    return 1 / (1 + np.exp(-total)), np.array(cells) + offset


def test_depth_images_are_those_of_the_released_code():
    xyz = cloud()
    images, pixels = axis_views(xyz)
    for view, order in enumerate(([0, 1, 2], [2, 0, 1], [1, 2, 0])):
        expected, cells = drawn_by_loops(xyz[:, order])
        np.testing.assert_array_equal(pixels[view][:, ::-1], cells)
        for channel in range(3):
            np.testing.assert_allclose(images[view, ..., channel], expected, atol=1e-6)


def test_turning_the_axes_turns_the_images_round():
    xyz = cloud()
    images, pixels = axis_views(xyz)
    turned, turned_pixels = axis_views(xyz[:, [2, 0, 1]])
    np.testing.assert_array_equal(turned, images[[1, 2, 0]])
    np.testing.assert_array_equal(turned_pixels, pixels[[1, 2, 0]])


def test_a_map_painted_with_pixel_coordinates_gives_each_point_its_pixel_within_1():
    _, pixels = axis_views(cloud())
    size, stride = 224, 16
    centre = (torch.arange(size // stride) + 0.5) * stride - 0.5
    v, u = torch.meshgrid(centre, centre, indexing='ij')
    painted = torch.stack([u, v]).expand(3, -1, -1, -1)
    image = torch.arange(3).repeat_interleave(300)
    place = torch.from_numpy(pixels).flatten(0, 1).float()
    inner = ((place > centre[0]) & (place < centre[-1])).all(
        dim=1
    )  # the map ends at its outer cells' centres
    read = sample_pixels(painted, PixelMatches(image, place, torch.arange(900)), (size, size))
    assert inner.float().mean() > 0.7
    assert (read - place)[inner].abs().max() < 1


def test_a_lone_point_has_its_own_colour_around_its_pixel_and_grey_lies_elsewhere():
    xyz = np.array([[0.0, 0, 0], [1, 1, 1]])
    colors = np.array([[1.0, 0, 0], [0, 0.25, 1]])
    images, pixels = axis_views(xyz, colors)
    for image, places in zip(images, pixels):
        for (u, v), color in zip(places, colors):
            np.testing.assert_array_equal(
                image[v - 1 : v + 2, u - 1 : u + 2], np.broadcast_to(color, (3, 3, 3))
            )
    assert (images == 0.5).all(axis=-1).mean() > 0.99


def test_a_pixel_has_the_mean_colour_of_the_points_behind_it():
    xyz = np.array([[0.0, 0, 0], [0, 0, 5], [0, 0, 9], [9, 9, 0]])
    colors = np.array([[0.0, 0, 0], [1, 0, 0], [0.2, 0.3, 0], [1, 1, 1]])
    images, pixels = axis_views(xyz, colors)
    u, v = pixels[0, 0]
    np.testing.assert_allclose(images[0, v, u], [0.4, 0.1, 0], atol=1e-7)


@pytest.mark.parametrize(
    'xyz',
    [np.zeros((1, 3)), np.full((5, 3), 1e6), np.array([[0, 0, 0], [0, 0, 1]]), cloud() * [1, 1, 0]],
    ids=['one point', 'points in one place', 'a line along an axis', 'a plane'],
)
def test_clouds_without_an_extent_are_drawn(xyz):
    images, pixels = axis_views(xyz)
    assert np.isfinite(images).all() and pixels.min() >= 0 and pixels.max() < 224
    if len(np.unique(xyz, axis=0)) == 1:
        np.testing.assert_array_equal(pixels, np.full_like(pixels, 111))


@pytest.mark.parametrize('size', [6, 7, 32, 225])
def test_pixels_of_any_size_lie_inside_and_the_longer_side_fills_the_image(size):
    _, pixels = axis_views(cloud(), size=size)
    assert pixels.min() >= 0 and pixels.max() < size
    assert (np.ptp(pixels, axis=1).max(axis=1) >= size - 4).all()


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(xyz=np.zeros((0, 3))), r'xyz must be \(P, 3\) with P >= 1, got \(0, 3\)'),
        (dict(xyz=np.full((2, 3), np.nan)), 'xyz must be finite'),
        (dict(xyz=np.zeros((2, 3)), colors=np.zeros((1, 3))), r'colors must be \(2, 3\), got \(1, 3\)'),
        (dict(xyz=np.zeros((1, 3)), colors=np.full((1, 3), 255)), r'colors must lie in \[0, 1\]'),
        (dict(xyz=np.zeros((1, 3)), size=5), 'size must be at least 6, got 5'),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        axis_views(**arguments)
