"""Volumes of voxel features, and what is read from between their cells."""

import pytest
import torch
from mmdet3d.registry import MODELS

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.structures import FeatureVolume, SparseVoxels

CELL, SHAPE = 3, (4, 6, 8)


def centres():
    """Places of all cells of a grid at the origin, ``(X, Y, Z, 3)`` base voxels."""
    axes = [(torch.arange(edge, dtype=torch.float64) + 0.5) * CELL for edge in SHAPE]
    return torch.stack(torch.meshgrid(*axes, indexing='ij'), dim=-1)


def volume_of(grid, corner=None):
    corner = torch.zeros(len(grid), 3, dtype=torch.float64) if corner is None else corner
    return FeatureVolume(grid, corner, CELL, torch.tensor(0))


def places(count, margin=0.5, seed=0):
    """Random places within a grid at the origin, so many cells off its border."""
    generator = torch.Generator().manual_seed(seed)
    share = torch.rand(count, 3, generator=generator, dtype=torch.float64)
    span = torch.tensor(SHAPE, dtype=torch.float64) - 2 * margin
    return (share * span + margin) * CELL


def head(in_channels=5, unet=True, **changes):
    torch.manual_seed(0)
    settings = dict(
        type='VoxelVolume', in_channels=in_channels, out_channels=5, cell=CELL, shape=(8, 8, 4), channels=8
    )
    part = MODELS.build({**settings, 'num_levels': 2, **changes}).double()
    if not unet:
        part.unet = torch.nn.Identity()
    return part


def random_voxels(count=60, batch_size=2, spread=12, offset=0, seed=0):
    generator = torch.Generator().manual_seed(seed)
    coords = torch.randint(0, spread, (count, 3), generator=generator) + offset
    scene = torch.arange(count) * batch_size // count
    coords = torch.cat([scene[:, None], coords], dim=1).unique(dim=0)
    feats = torch.randn(len(coords), 5, generator=generator, dtype=torch.float64)
    return feats, SparseVoxels(coords, batch_size)


def test_a_linear_field_at_the_centres_is_read_back_linearly_and_no_axis_takes_the_place_of_another():
    slopes = torch.tensor([[1.0, 0, 0], [0, 2, 0], [0, 0, -3], [0.5, 7, 11]], dtype=torch.float64)
    grids = torch.stack([(centres() @ slopes.T).movedim(-1, 0) + scene for scene in range(2)])
    corner = torch.tensor([[0.0, 0, 0], [-6, 9, 300]], dtype=torch.float64)
    xyz, batch = places(200), torch.arange(200) % 2
    found = volume_of(grids, corner).sample(batch, xyz + corner[batch])
    torch.testing.assert_close(found, xyz @ slopes.T + batch[:, None], rtol=1e-12, atol=1e-10)


def test_sampling_agrees_with_grid_sample_of_pytorch_also_beyond_the_border():
    grid = torch.randn(1, 4, *SHAPE, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    xyz = torch.cat([places(300, margin=-1.0), centres()[0, :, 0], centres()[-1, :, -1]])
    found = volume_of(grid).sample(torch.zeros(len(xyz), dtype=torch.long), xyz)
    scaled = 2 * xyz / CELL / torch.tensor(SHAPE, dtype=torch.float64) - 1
    expected = torch.nn.functional.grid_sample(
        grid, scaled.flip(1)[None, :, None, None], padding_mode='border', align_corners=False
    )
    torch.testing.assert_close(found, expected[0, :, :, 0, 0].T, rtol=1e-10, atol=1e-12)


def test_sampling_has_first_and_second_derivatives_in_grid_and_places():
    generator = torch.Generator().manual_seed(0)
    grid = torch.randn(2, 2, *SHAPE, dtype=torch.float64, generator=generator).requires_grad_()
    xyz = places(4, margin=0.6, seed=3).requires_grad_()
    batch = torch.tensor([0, 1, 1, 0])

    def sample(grid, xyz):
        return volume_of(grid).sample(batch, xyz)

    small = grid[:, :, :2, :2, :2].detach().clone().requires_grad_()  # every cell of it is read
    near = (places(4, seed=3) % CELL + 0.5 * CELL).requires_grad_()
    assert torch.autograd.gradcheck(sample, (small, near))
    assert torch.autograd.gradgradcheck(sample, (small, near))
    assert torch.autograd.gradgradcheck(lambda xyz: sample(grid, xyz), (xyz,))


def test_cells_hold_the_mean_of_their_voxels_and_empty_ones_nothing():
    part = head(unet=False)
    feats, voxels = random_voxels()
    volume = part(feats, voxels)
    corner = volume.corner.long()
    expected = torch.zeros(2, *part.shape, 5, dtype=torch.float64)
    count = torch.zeros(2, *part.shape, 1, dtype=torch.float64)
    for feat, (scene, *xyz) in zip(feats, voxels.coords.tolist()):
        cell = tuple((value - int(low)) // CELL for value, low in zip(xyz, corner[scene]))
        expected[(scene, *cell)] += feat
        count[(scene, *cell)] += 1
    assert int(volume.num_outside) == 0 and 1 < count.max()
    torch.testing.assert_close(volume.grid, (expected / count.clamp(min=1)).movedim(-1, 1))


def test_the_order_of_voxels_changes_nothing():
    part, (feats, voxels) = head(), random_voxels(batch_size=1)
    order = torch.randperm(len(feats), generator=torch.Generator().manual_seed(1))
    turned = part(feats[order], SparseVoxels(voxels.coords[order], 1))
    torch.testing.assert_close(turned.grid, part(feats, voxels).grid, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize('offset', [-3000, 3, 3000])
def test_a_scene_moved_by_whole_cells_has_the_same_volume_elsewhere(offset):
    part, (feats, voxels) = head(), random_voxels()
    moved = SparseVoxels(voxels.coords + torch.tensor([0, offset, offset, offset]), 2)
    here, there = part(feats, voxels), part(feats, moved)
    assert torch.equal(here.grid, there.grid)
    torch.testing.assert_close(there.corner, here.corner + offset)


def test_the_volume_of_a_scene_does_not_depend_on_others_of_the_batch():
    part, (feats, voxels) = head(), random_voxels()
    own = voxels.coords[:, 0] == 1
    alone = voxels.coords[own] - torch.tensor([1, 0, 0, 0])
    volume = part(feats[own], SparseVoxels(alone, 1))
    torch.testing.assert_close(part(feats, voxels).grid[1:], volume.grid, rtol=1e-9, atol=1e-12)


def test_voxels_outside_are_counted_and_in_no_cell_of_any_scene():
    part = head(unet=False)
    (feats, voxels), span = random_voxels(), 8 * CELL
    far = torch.tensor([[0, -4 * span, 5, 5], [0, 4 * span, 5, 5]])  # the middle stays where it is
    coords = torch.cat([far, voxels.coords])
    volume = part(torch.cat([torch.full((2, 5), 1e6, dtype=torch.float64), feats]), SparseVoxels(coords, 2))
    assert int(volume.num_outside) == 2
    assert float(volume.grid.abs().max()) < 100
    inside = volume.contains(coords[:, 0], coords[:, 1:].double() + 0.5)
    assert inside.tolist() == [False, False] + [True] * len(feats)


def test_the_middle_of_the_voxels_is_that_of_the_grid_to_a_cell():
    feats, voxels = random_voxels(offset=1000)
    volume = head()(feats, voxels)
    for scene in range(2):
        xyz = voxels.coords[voxels.coords[:, 0] == scene, 1:]
        middle = (xyz.amin(0) + xyz.amax(0) + 1) / 2
        grid = volume.corner[scene] + torch.tensor([8, 8, 4]) * CELL / 2
        assert float((middle - grid).abs().max()) <= CELL


def test_coarse_voxels_lie_in_the_cell_of_their_middle():
    coords = torch.tensor([[0, 0, 0, 0], [0, 4, 4, 4]])  # middles at 2 and 6 base voxels
    voxels = SparseVoxels(coords, 1, stride=4)
    feats = torch.tensor([[1.0] * 5, [2.0] * 5], dtype=torch.float64)
    volume = head(unet=False)(feats, voxels)
    found = volume.sample(torch.zeros(2, dtype=torch.long), torch.tensor([[1.5] * 3, [7.5] * 3]).double())
    torch.testing.assert_close(found, feats)


def test_the_gradient_of_a_sample_reaches_the_features_of_its_voxels():
    part, (feats, voxels) = head(unet=False), random_voxels()
    feats.requires_grad_()
    xyz = voxels.coords[:1, 1:].double() + 0.5
    part(feats, voxels).sample(torch.zeros(1, dtype=torch.long), xyz).sum().backward()
    reached = (feats.grad != 0).any(dim=1)
    assert bool(reached[0])
    near = (voxels.coords[:, 0] == 0) & ((voxels.coords[:, 1:] - voxels.coords[0, 1:]).abs() < 2 * CELL).all(
        1
    )
    assert not bool(reached[~near].any())


def test_empty_scenes_and_scenes_of_a_voxel_have_finite_volumes():
    for coords in (torch.tensor([[1, 5, 5, 5]]), torch.zeros(0, 4, dtype=torch.long)):
        volume = head()(torch.ones(len(coords), 5, dtype=torch.float64), SparseVoxels(coords, 2))
        assert bool(volume.grid.isfinite().all()) and bool(volume.corner.isfinite().all())


def test_places_within_cells_are_offsets_from_the_centre():
    xyz = centres()[1, 2] + torch.tensor([0.0, 1.2, -1.4])
    found = volume_of(torch.zeros(1, 1, *SHAPE)).within_cell(torch.zeros(8, dtype=torch.long), xyz)
    expected = torch.tensor([0.0, 1.2, -1.4], dtype=torch.float64) / CELL
    torch.testing.assert_close(found, expected.expand(8, 3))


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (
            dict(shape=(8, 8, 3)),
            r'shape must be three multiples of 2, at least 2, for 2 levels, got \(8, 8, 3\)',
        ),
        (dict(shape=(1, 8, 4), num_levels=1), 'shape must be three multiples of 1, at least 2'),
        (dict(cell=0), 'cell must be at least 1, got 0'),
    ],
)
def test_volumes_that_cannot_be_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        head(**changes)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_the_corner_of_a_grid_of_16_bit_features_is_not_rounded(dtype):
    feats, voxels = random_voxels(offset=30_001)
    part = head(unet=False)
    assert torch.equal(part(feats.to(dtype), voxels).corner.double(), part(feats, voxels).corner)
