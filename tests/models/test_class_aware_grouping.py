"""Class-aware cells against loops over points, and the class's convolutions against dense ones."""

import pytest
import torch
from torch.nn import functional

from swin3d_mmdet3d.models.layers.class_aware_block import CentredUpsample, ClassAwareBlock
from swin3d_mmdet3d.models.layers.class_aware_grouping import class_cell_sizes, group_class_points
from swin3d_mmdet3d.structures import SparseVoxels

CELL = torch.tensor([0.1, 0.25, 0.04])


def random_points(num_points=200, extent=1.5):
    xyz = torch.rand(num_points, 3) * extent - 0.3
    scene = torch.randint(0, 2, (num_points,)) * 2  # scene 1 has no points of the class
    return xyz, scene, torch.randn(num_points, 4)


def mean_per_cell(xyz, scene, feats, edge):
    """Cell -> mean feature by a loop over points."""
    cells = {}
    for place, s, feat in zip(xyz.tolist(), scene.tolist(), feats):
        key = (s, *(int(p // e) for p, e in zip(place, edge)))
        cells.setdefault(key, []).append(feat)
    return {key: torch.stack(members).mean(0) for key, members in cells.items()}


@pytest.mark.parametrize('level, factor', [(0, 1), (1, 3)])
def test_cells_hold_the_means_of_a_loop_over_points(level, factor):
    xyz, scene, feats = random_points()
    # float32 division decides points on the border of a cell: keep to the middles of a fine lattice
    xyz = (xyz / (CELL / 5)).floor() * (CELL / 5) + CELL / 10
    levels = group_class_points(xyz, scene, feats, 3, CELL)
    mean, voxels = levels[level]
    expected = mean_per_cell(xyz, scene, feats, (CELL * factor).tolist())
    assert voxels.stride == factor
    keys = [tuple(cell) for cell in voxels.grid_coords.tolist()]
    assert keys == sorted(expected)
    torch.testing.assert_close(mean, torch.stack([expected[key] for key in keys]))


def test_cells_are_half_the_sizes_within_bounds():
    assert class_cell_sizes([[0.06, 0.5, 3.0]]).tolist() == [[pytest.approx(0.04), 0.25, 1.0]]


@pytest.mark.parametrize('sizes', [[[0.1, 0.2]], [[0.1, 0.2, 0.0]]])
def test_sizes_that_are_no_lengths_are_refused(sizes):
    with pytest.raises(ValueError, match='class_sizes must be rows of three positive lengths'):
        class_cell_sizes(sizes)


def scattered(feats, coords, low, extent):
    """Dense ``(C, X, Y, Z)`` volume of one scene."""
    volume = feats.new_zeros(feats.shape[1], *extent)
    x, y, z = (coords[:, 1:].long() - low).unbind(1)
    volume[:, x, y, z] = feats.t()
    return volume


def test_centred_upsampling_is_the_dense_transposed_convolution():
    """Kernel 3, stride 3: a dense output at q reads input q // 3, and centred coordinates are q - 1."""
    layer = CentredUpsample(5, 4).double()
    coarse = torch.unique(torch.randint(-3, 3, (40, 3)), dim=0)
    fine = torch.unique(torch.randint(-9, 9, (150, 3)), dim=0)
    batch = torch.zeros(1, 1, dtype=torch.int64)
    level = SparseVoxels(torch.cat([batch.expand(len(coarse), 1), coarse * 3], 1), 1, stride=3)
    target = SparseVoxels(torch.cat([batch.expand(len(fine), 1), fine], 1), 1)
    feats = torch.randn(len(coarse), 5, dtype=torch.float64, requires_grad=True)

    out = layer((feats, level), target)
    volume = scattered(feats, level.grid_coords, -3, (6, 6, 6))
    dense = functional.conv_transpose3d(volume[None], layer.weight.permute(4, 0, 1, 2, 3), stride=3)[0]
    x, y, z = (fine + 9 + 1).unbind(1)
    inside = ((fine + 1) < 9).all(1)  # the dense volume ends there
    expected = torch.where(
        inside[:, None], dense[:, x.clamp(max=17), y.clamp(max=17), z.clamp(max=17)].t(), 0
    )
    torch.testing.assert_close(out, expected)

    weight = torch.randn_like(out)
    inputs = (feats, layer.weight)
    for ours, theirs in zip(
        torch.autograd.grad((out * weight).sum(), inputs, retain_graph=True),
        torch.autograd.grad((expected * weight).sum(), inputs),
    ):
        torch.testing.assert_close(ours, theirs)


def test_class_block_is_the_dense_network():
    block = ClassAwareBlock(3, kernel_size=5, expand_kernel_size=3).double().eval()
    for norm in (block.near_norm, block.wide_norm, block.up_norm, block.fuse_norm):
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.5, 2)
    xyz = torch.randint(0, 24, (60, 3)) * CELL + CELL / 2
    fine, coarse = group_class_points(
        xyz, torch.zeros(60, dtype=torch.int64), torch.randn(60, 3, dtype=torch.float64), 1, CELL
    )

    def conv_norm_act(level, conv, norm):
        feats, voxels = level
        volume = scattered(feats, voxels.grid_coords, 0, (24, 24, 24))
        kernel = conv.weight.permute(0, 4, 1, 2, 3)
        dense = functional.conv3d(volume[None], kernel, padding=conv.kernel_size // 2)[0]
        x, y, z = voxels.grid_coords[:, 1:].unbind(1)
        return functional.elu(norm(dense[:, x, y, z].t()))

    near = conv_norm_act(fine, block.near, block.near_norm)
    wide = conv_norm_act(coarse, block.wide, block.wide_norm)
    up = functional.elu(block.up_norm(block.up((wide, coarse[1]), fine[1])))
    expected = functional.elu(block.fuse_norm(torch.cat([up, near], 1) @ block.fuse.weight.t()))
    torch.testing.assert_close(block(fine, coarse), expected)


@pytest.mark.parametrize('num_points', [0, 1])
def test_a_class_of_hardly_a_point_can_be_trained(num_points):
    block = ClassAwareBlock(4, kernel_size=3, expand_kernel_size=3)
    scene = torch.zeros(num_points, dtype=torch.int64)
    fine, coarse = group_class_points(torch.rand(num_points, 3), scene, torch.randn(num_points, 4), 2, CELL)
    before = block.near_norm.running_mean.clone()
    out = block(fine, coarse)
    out.sum().backward()
    assert out.shape == (num_points, 4)
    assert all(torch.isfinite(p.grad).all() for p in block.parameters())
    assert torch.equal(block.near_norm.running_mean, before)
