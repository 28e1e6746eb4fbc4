"""Class-aware cells against loops over points, and the class's convolutions against dense ones."""

import pytest
import torch
from swin3d_ops import sparse_conv
from torch.nn import functional

from swin3d_mmdet3d.models.dense_heads.cagroup3d.class_aware_block import (
    ClassAwareBlock,
    centred_upsampling_map,
)
from swin3d_mmdet3d.models.dense_heads.cagroup3d.class_aware_grouping import (
    class_cell_sizes,
    group_class_points,
)
from swin3d_mmdet3d.models.layers import as_kernel
from swin3d_mmdet3d.structures import SparseVoxels

CELLS = torch.tensor([[0.1, 0.25, 0.04], [0.2, 0.1, 0.1]])


def random_points(num_points=200, extent=1.5):
    """Places at the middles of both classes' fine lattices: float32 division decides on borders of cells."""
    xyz = ((torch.rand(num_points, 3) * extent - 0.3) / 0.02).floor() * 0.02 + 0.01
    scene = torch.randint(0, 2, (num_points,)) * 2  # scene 1 has no points
    label = torch.randint(0, 2, (num_points,))
    return xyz, scene, label, torch.randn(num_points, 4)


def mean_per_cell(xyz, scene, label, feats, factor):
    """(class, scene, cell) -> mean feature by a loop over points."""
    cells = {}
    for place, s, k, feat in zip(xyz.tolist(), scene.tolist(), label.tolist(), feats):
        edge = (CELLS[k] * factor).tolist()
        key = (k, s, *(int(p // e) for p, e in zip(place, edge)))
        cells.setdefault(key, []).append(feat)
    return {key: torch.stack(members).mean(0) for key, members in cells.items()}


@pytest.mark.parametrize('level, factor', [(0, 1), (1, 3)])
def test_cells_hold_the_means_of_a_loop_over_points(level, factor):
    points = random_points()
    mean, voxels = group_class_points(*points, 3, CELLS)[level]
    expected = mean_per_cell(*points, factor)
    assert voxels.stride == factor and voxels.batch_size == 6
    keys = [(item // 3, item % 3, *cell) for item, *cell in voxels.grid_coords.tolist()]
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
    coarse = torch.unique(torch.randint(-3, 3, (40, 3)), dim=0)
    fine = torch.unique(torch.randint(-9, 9, (150, 3)), dim=0)
    batch = torch.zeros(1, 1, dtype=torch.int64)
    level = SparseVoxels(torch.cat([batch.expand(len(coarse), 1), coarse * 3], 1), 1, stride=3)
    target = SparseVoxels(torch.cat([batch.expand(len(fine), 1), fine], 1), 1)
    feats = torch.randn(len(coarse), 5, dtype=torch.float64)
    weight = torch.randn(4, 3, 3, 3, 5, dtype=torch.float64)

    out = sparse_conv(feats, as_kernel(weight), centred_upsampling_map(level, target))
    volume = scattered(feats, level.grid_coords, -3, (6, 6, 6))
    dense = functional.conv_transpose3d(volume[None], weight.permute(4, 0, 1, 2, 3), stride=3)[0]
    x, y, z = (fine + 9 + 1).unbind(1)
    inside = ((fine + 1) < 9).all(1)  # the dense volume ends there
    expected = torch.where(
        inside[:, None], dense[:, x.clamp(max=17), y.clamp(max=17), z.clamp(max=17)].t(), 0
    )
    torch.testing.assert_close(out, expected)


def random_block(num_classes, **kwargs):
    """A block in evaluation with statistics of its own."""
    block = ClassAwareBlock(num_classes, kernel_size=5, expand_kernel_size=3, **kwargs).double().eval()
    for norms in (block.near_norm, block.wide_norm, block.up_norm, block.fuse_norm):
        for norm in norms:
            norm.running_mean.normal_()
            norm.running_var.uniform_(0.5, 2)
    return block


def test_class_block_is_a_dense_network_for_each_class_and_scene():
    block = random_block(2, channels=3)
    cells, label, scene = torch.randint(0, 24, (150, 3)), *torch.randint(0, 2, (2, 150))
    xyz = cells * CELLS[label] + CELLS[label] / 2
    feats = torch.randn(150, 3, dtype=torch.float64)
    fine, coarse = group_class_points(xyz, scene, label, feats, 2, CELLS)
    out = block(fine, coarse)
    for k in range(2):
        for b in range(2):
            rows, coarse_rows = (level[1].coords[:, 0] == 2 * k + b for level in (fine, coarse))
            assert rows.sum() > 10

            def conv_norm_act(level, of_item, conv, norm, k=k):
                at = level[1].grid_coords[of_item]
                volume = scattered(level[0][of_item], at, 0, (24, 24, 24))
                kernel = conv.weight[:, k].permute(0, 4, 1, 2, 3)
                dense = functional.conv3d(volume[None], kernel, padding=conv.kernel_size // 2)[0]
                x, y, z = at[:, 1:].unbind(1)
                return functional.elu(norm[k](dense[:, x, y, z].t()))

            near = conv_norm_act(fine, rows, block.near, block.near_norm)
            wide = conv_norm_act(coarse, coarse_rows, block.wide, block.wide_norm)
            pairs = centred_upsampling_map(
                *(level[1].select(r) for level, r in ((coarse, coarse_rows), (fine, rows)))
            )
            up = functional.elu(block.up_norm[k](sparse_conv(wide, as_kernel(block.up.weight[:, k]), pairs)))
            fused = torch.cat([up, near], 1) @ block.fuse.weight[:, k].flatten(1).t()
            torch.testing.assert_close(out[rows], functional.elu(block.fuse_norm[k](fused)))


def test_a_class_trains_as_if_it_were_alone():
    """Outputs, gradients and running statistics: no class sees the cells of another."""
    xyz, scene, label, feats = random_points(300)
    feats.requires_grad_()
    together = ClassAwareBlock(2, 4, kernel_size=3, expand_kernel_size=3)
    fine, coarse = group_class_points(xyz, scene, label, feats, 3, CELLS)
    out = together(fine, coarse)
    torch.manual_seed(0)
    upstream = torch.randn_like(out)
    (grad,) = torch.autograd.grad((out * upstream).sum(), feats, retain_graph=True)
    (out * upstream).sum().backward()
    for k in range(2):
        alone = ClassAwareBlock(1, 4, kernel_size=3, expand_kernel_size=3)
        for name, parameter in alone.named_parameters():
            of_class = dict(together.named_parameters())[name.replace('norm.0', f'norm.{k}')].data
            parameter.data = of_class if parameter.ndim == 1 else of_class[:, k : k + 1].clone()
        mine = label == k
        levels = group_class_points(xyz[mine], scene[mine], label[mine] * 0, feats[mine], 3, CELLS[k : k + 1])
        result = alone(*levels)
        rows = fine[1].coords[:, 0] // 3 == k
        torch.testing.assert_close(out[rows], result)
        (expected,) = torch.autograd.grad((result * upstream[rows]).sum(), feats, retain_graph=True)
        torch.testing.assert_close(grad[mine], expected[mine], rtol=1e-4, atol=1e-5)
        (result * upstream[rows]).sum().backward()
        torch.testing.assert_close(
            together.near.weight.grad[:, k : k + 1], alone.near.weight.grad, rtol=1e-4, atol=1e-5
        )
        torch.testing.assert_close(together.up_norm[k].running_var, alone.up_norm[0].running_var)


@pytest.mark.parametrize('num_points', [0, 1])
def test_classes_of_hardly_a_point_can_be_trained(num_points):
    block = ClassAwareBlock(2, 4, kernel_size=3, expand_kernel_size=3)
    scene = torch.zeros(num_points, dtype=torch.int64)
    label = torch.ones(num_points, dtype=torch.int64)
    levels = group_class_points(torch.rand(num_points, 3), scene, label, torch.randn(num_points, 4), 2, CELLS)
    before = [norm.running_mean.clone() for norm in block.near_norm]
    out = block(*levels)
    out.sum().backward()
    assert out.shape == (num_points, 4)
    assert all(torch.isfinite(p.grad).all() for p in block.parameters())
    assert all(torch.equal(norm.running_mean, mean) for norm, mean in zip(block.near_norm, before))
