"""Features of image regions out of the voxels that are seen in them."""

import numpy as np
import pytest
import torch
from mmdet3d.registry import MODELS

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.geometry.camera import intrinsic_matrix, look_at
from swin3d_mmdet3d.geometry.correspondence import visible_pixels
from swin3d_mmdet3d.pretraining.matchers import SeenRegions
from swin3d_mmdet3d.structures import PixelMatches

SIZE = (12, 16)
NUM_IMAGES, NUM_VOXELS = 3, 20


def some_matches(count=150, seed=0):
    """Pixels that show voxels, some voxels often, the last image and the last voxels never."""
    generator = torch.Generator().manual_seed(seed)
    image, v, u, voxel = (
        torch.randint(high, (count,), generator=generator) for high in (NUM_IMAGES - 1, *SIZE, NUM_VOXELS - 5)
    )
    return PixelMatches(image, torch.stack([u, v], dim=1).float(), voxel)


def build(**settings):
    return MODELS.build(dict(type='VisibilityPool', **settings))


def members_of(matches, grid):
    """The set of voxels of each region, by a loop over pixels."""
    members = [set() for _ in range(NUM_IMAGES * grid[0] * grid[1])]
    for image, (u, v), voxel in zip(matches.image.tolist(), matches.pixel.tolist(), matches.voxel.tolist()):
        row, column = int((v + 0.5) * grid[0] / SIZE[0]), int((u + 0.5) * grid[1] / SIZE[1])
        members[(image * grid[0] + row) * grid[1] + column].add(voxel)
    return members


@pytest.mark.parametrize('grid', [(1, 1), (3, 4)])
@pytest.mark.parametrize('mode', ['max', 'mean'])
def test_regions_pool_the_voxels_that_they_show_once_each_as_a_loop_does(mode, grid):
    matches = some_matches()
    feats = torch.randn(NUM_VOXELS, 5, dtype=torch.float64) - 1  # zeros would win a maximum
    pooled, seen = build(mode=mode, grid=grid)(feats, matches, NUM_IMAGES, SIZE)
    members = members_of(matches, grid)
    assert seen.tolist() == [bool(own) for own in members] and not bool(seen.all())
    for region, own in enumerate(members):
        rows = feats[sorted(own)]
        expected = torch.zeros(5, dtype=torch.float64)
        if own:
            expected = rows.max(0).values if mode == 'max' else rows.mean(0)
        torch.testing.assert_close(pooled[region], expected)


def test_pairs_of_region_and_voxel_are_distinct_and_all_there():
    matches = some_matches()
    region, voxel = SeenRegions((3, 4))(matches, SIZE)
    expected = [
        (number, row) for number, own in enumerate(members_of(matches, (3, 4))) for row in sorted(own)
    ]
    assert list(zip(region.tolist(), voxel.tolist())) == expected


def test_shuffled_regions_show_the_voxels_of_another_region():
    matches = some_matches()
    own, control = members_of(matches, (3, 4)), [set() for _ in range(NUM_IMAGES * 12)]
    for region, voxel in zip(*(part.tolist() for part in SeenRegions((3, 4), shuffle=True)(matches, SIZE))):
        control[region].add(voxel)
    assert [bool(voxels) for voxels in control] == [bool(voxels) for voxels in own]
    assert sorted(map(sorted, control)) == sorted(map(sorted, own))
    assert sum(one == other for one, other in zip(own, control) if one) <= 1  # two regions may show one set


def test_each_pooled_channel_sends_its_gradient_to_one_voxel_and_unseen_voxels_get_none():
    matches = some_matches()
    feats = torch.randn(NUM_VOXELS, 5, requires_grad=True)
    pooled, seen = build(mode='max')(feats, matches, NUM_IMAGES, SIZE)
    for image in seen.nonzero().flatten():
        for channel in range(5):
            (grad,) = torch.autograd.grad(pooled[image, channel], feats, retain_graph=True)
            assert grad.count_nonzero() == 1 and grad.sum() == 1
            assert int(grad[:, channel].argmax()) == int(
                (feats[:, channel] == pooled[image, channel]).nonzero()
            )
    (grad,) = torch.autograd.grad(pooled.square().sum(), feats)
    shown = torch.zeros(NUM_VOXELS, dtype=torch.bool).index_fill(0, matches.voxel, True)
    assert bool((grad[~shown] == 0).all()) and bool(grad[shown].any())


def test_images_that_show_all_voxels_have_one_feature():
    feats = torch.randn(NUM_VOXELS, 5)
    voxel = torch.arange(NUM_VOXELS).repeat(2)
    pixel = torch.rand(2 * NUM_VOXELS, 2) * torch.tensor([SIZE[1] - 1.0, SIZE[0] - 1.0])
    matches = PixelMatches(torch.arange(2).repeat_interleave(NUM_VOXELS), pixel, voxel)
    for mode in ('max', 'mean'):
        (first, second), _ = build(mode=mode)(feats, matches, 2, SIZE)
        torch.testing.assert_close(first, second)


def test_without_a_pixel_no_region_is_seen():
    matches = some_matches(0)
    pooled, seen = build(grid=(3, 4))(torch.randn(NUM_VOXELS, 5), matches, NUM_IMAGES, SIZE)
    assert pooled.shape == (36, 5) and not bool(pooled.any()) and not bool(seen.any())


def test_visible_points_are_those_of_a_z_buffer():
    """Project every point into an image of 40 x 30; what lies within 5 cm of a pixel's nearest is visible."""
    generator = np.random.default_rng(0)
    width, height = 40, 30
    intrinsic = intrinsic_matrix(width, height, 1.2)
    pose = look_at(np.array([0.0, -3.0, 1.0]), np.array([0.0, 0.0, 0.5]))
    points = generator.uniform([-1.5, -1, 0], [1.5, 1, 2], (1500, 3))
    nearest, pixel_of = {}, []
    for point in points:
        x, y, z = (point - pose[:3, 3]) @ pose[:3, :3]
        u = round(intrinsic[0, 0] * x / z + intrinsic[0, 2])
        v = round(intrinsic[1, 1] * y / z + intrinsic[1, 2])
        pixel_of.append((u, v, z))
        nearest[u, v] = min(z, nearest.get((u, v), np.inf))
    visible, depth = [], np.zeros((height, width))
    for row, (u, v, z) in enumerate(pixel_of):
        if 0 <= u < width and 0 <= v < height:
            depth[v, u] = nearest[u, v]
            if z - nearest[u, v] <= 0.05:
                visible.append(row)
    assert 100 < len(visible) < len(points) / 2
    rows, _ = visible_pixels(points, depth, pose, intrinsic, tolerance=0.05)
    assert rows.tolist() == visible


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (dict(mode='sum'), r"mode must be one of \['max', 'mean'\], got 'sum'"),
        (dict(grid=(0, 4)), r'grid must be rows and columns of at least 1, got \(0, 4\)'),
        (dict(grid=(3,)), r'grid must be rows and columns of at least 1, got \(3,\)'),
    ],
)
def test_wrong_settings_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        build(**settings)
