"""Sparse layers and operations on levels against dense PyTorch: values, gradients of inputs and weights."""

import pytest
import torch
from dense_volumes import EDGE, at_sites, dense_kernel, occupied, random_level, to_dense
from swin3d_ops.sparse_conv import row_blocks
from torch.nn import functional as F

from swin3d_mmdet3d.models.layers import (
    GenerativeUpsample,
    SparseConv3d,
    interpolate_at,
    prune,
    union_add,
)
from swin3d_mmdet3d.structures import SparseVoxels


def assert_same_with_gradients(sparse, dense, *inputs):
    """Equal values, and equal gradients of a random projection with respect to each input."""
    torch.testing.assert_close(sparse, dense)
    direction = torch.randn_like(sparse)
    by_sparse = torch.autograd.grad(sparse, inputs, direction, retain_graph=True)
    by_dense = torch.autograd.grad(dense, inputs, direction)
    for one, other in zip(by_sparse, by_dense):
        assert one.abs().max() > 0
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize('kernel_size', [1, 3, 5])
def test_convolution_at_own_sites_is_a_masked_dense_one(kernel_size):
    level = random_level(stride=2, channels=3)
    conv = SparseConv3d(3, 5, kernel_size).double()
    volume = F.conv3d(to_dense(level), dense_kernel(conv.weight), padding=kernel_size // 2)
    assert_same_with_gradients(conv(level), at_sites(volume, level[1]), level[0], conv.weight)


@pytest.mark.parametrize('kernel_size', [1, 3])
def test_convolution_at_parents_is_a_strided_dense_one(kernel_size):
    feats, voxels = level = random_level(stride=2, channels=3, fill=0.1)
    parents = random_level(stride=4, channels=1)[1]
    conv = SparseConv3d(3, 5, kernel_size).double()
    volume = F.conv3d(to_dense(level), dense_kernel(conv.weight), stride=2, padding=kernel_size // 2)
    assert_same_with_gradients(conv(level, parents), at_sites(volume, parents), feats, conv.weight)


def test_convolution_at_foreign_sites_of_any_row_order():
    level = random_level(stride=2, channels=3)
    targets = random_level(stride=2, channels=1, fill=0.1)[1]
    scene = targets.coords[:, 0].long()
    order = torch.argsort(scene + torch.rand(len(targets)) * 0.9)
    shuffled = targets.select(order)
    conv = SparseConv3d(3, 4, 5).double()
    volume = F.conv3d(to_dense(level), dense_kernel(conv.weight), padding=2)
    assert_same_with_gradients(conv(level, shuffled), at_sites(volume, shuffled), level[0], conv.weight)


def test_convolution_passes_gradcheck():
    feats, voxels = random_level(stride=8, channels=2, fill=0.6)
    conv = SparseConv3d(2, 3).double()
    assert torch.autograd.gradcheck(lambda x: conv((x, voxels)), (feats,))


def test_convolution_does_not_depend_on_the_block_size(monkeypatch):
    level = random_level(stride=1, channels=3)
    conv = SparseConv3d(3, 4).double()
    whole = conv(level)
    monkeypatch.setenv('SWIN3D_OPS', 'torch')
    monkeypatch.setattr(row_blocks, 'BLOCK_ROWS', 100)
    voxels = level[1].select(torch.arange(len(level[1])))  # without the kept map
    assert len(voxels.kernel_map(3).blocks) > 10
    assert_same_with_gradients(conv((level[0], voxels)), whole, level[0], conv.weight)


@pytest.mark.parametrize('kernel_size', [2, 3])
def test_generative_upsampling_is_a_dense_transposed_convolution(kernel_size):
    level = random_level(stride=4, channels=3, margin=1)
    up = GenerativeUpsample(3, 5, kernel_size).double()
    feats, voxels = up(level)
    kernel = up.weight.permute(4, 0, 1, 2, 3)
    shape = dict(stride=2, padding=kernel_size // 3, output_padding=kernel_size // 3)
    assert_same_with_gradients(
        feats, at_sites(F.conv_transpose3d(to_dense(level), kernel, **shape), voxels), level[0], up.weight
    )
    reached = F.conv_transpose3d(occupied(level[1]), torch.ones(1, 1, *[kernel_size] * 3).double(), **shape)
    assert voxels.stride == 2
    assert torch.equal(occupied(voxels), (reached > 0).double())
    assert len(voxels) == int((reached > 0).sum())


def test_union_adds_where_both_are_and_keeps_the_rest():
    first = random_level(stride=2, channels=3, fill=0.2)
    second = random_level(stride=2, channels=3, fill=0.2)
    feats, voxels = union_add(first, second)
    dense = to_dense(first) + to_dense(second)
    assert_same_with_gradients(feats, at_sites(dense, voxels), first[0], second[0])
    either = ((occupied(first[1]) + occupied(second[1])) > 0).double()
    assert torch.equal(occupied(voxels), either)
    assert voxels.coords.tolist() == sorted(voxels.coords.tolist())


@pytest.mark.parametrize('half_first', [True, False])
def test_union_of_mixed_precision_keeps_the_finer_one(half_first):
    first = random_level(stride=2, channels=3, dtype=torch.float32)
    second = random_level(stride=2, channels=3, dtype=torch.float32)
    half = first[0].half() if half_first else second[0].half()
    levels = [(half, first[1]), second] if half_first else [first, (half, second[1])]
    feats, voxels = union_add(*levels)
    assert feats.dtype == torch.float32
    dense = to_dense((levels[0][0].float(), first[1])) + to_dense((levels[1][0].float(), second[1]))
    assert torch.equal(feats, at_sites(dense, voxels))


def test_pruning_keeps_the_marked_rows_and_may_empty_a_scene():
    feats, voxels = level = random_level(stride=2, channels=3)
    kept_feats, kept = prune(level, voxels.coords[:, 0] == 1)
    assert kept.ptr.tolist() == [0, 0, len(kept)]
    assert torch.equal(kept_feats, feats[voxels.ptr[1] :])
    none_feats, none = prune(level, torch.zeros(len(voxels), dtype=torch.bool))
    assert none_feats.shape == (0, 3) and none.ptr.tolist() == [0, 0, 0]


def test_interpolation_is_trilinear_with_missing_corners_as_zero():
    level = random_level(stride=4, channels=3, fill=0.5)
    # corners beyond the volume are missing, too: a frame of zeros serves them
    volume = F.pad(to_dense(level), [0, 1] * 3)
    points = torch.cat([torch.randint(2, (200, 1)), torch.randint(-EDGE // 2, EDGE // 2, (200, 3))], dim=1)
    place = (points[:, 1:] + EDGE // 2).double() / 4  # in cells; align_corners puts cell centres at -1 and 1
    grid = (place / (volume.shape[-1] - 1) * 2 - 1).flip(1)
    expected = torch.stack(
        [
            F.grid_sample(volume[scene, None], where.view(1, 1, 1, 1, 3), align_corners=True).flatten()
            for scene, where in zip(points[:, 0], grid)
        ]
    )
    assert_same_with_gradients(interpolate_at(level, points), expected, level[0])


def test_blocks_accept_levels_without_sites():
    nothing = SparseVoxels(torch.zeros(0, 4, dtype=torch.int32), 2, stride=4)
    level = torch.zeros(0, 3, requires_grad=True), nothing
    other = random_level(stride=2, channels=3, dtype=torch.float32)
    for kernel_size in (2, 3):
        feats, voxels = GenerativeUpsample(3, 3, kernel_size)(level)
        assert feats.shape == (0, 3) and voxels.stride == 2
        total, union = union_add((feats, voxels), other)
        assert torch.equal(total, other[0]) and torch.equal(union.coords, other[1].coords)
        total.sum().backward()
    conv = SparseConv3d(3, 4)
    assert conv(level).shape == (0, 4)
    assert not conv(level, other[1].at(other[1].coords * 2, 4)).any()
    assert not interpolate_at(level, other[1].coords).any()


def test_one_voxel_alone_meets_the_centre_of_the_kernel():
    voxels = SparseVoxels(torch.tensor([[0, -4, 8, 0]]), 1, stride=4)
    conv = SparseConv3d(2, 3)
    feats = torch.randn(1, 2)
    torch.testing.assert_close(conv((feats, voxels)), feats @ conv.weight[:, 1, 1, 1].t())


@pytest.mark.parametrize(
    'call, message',
    [
        (lambda level: SparseConv3d(3, 3, 0), 'kernel_size must be at least 1'),
        (lambda level: SparseConv3d(3, 3)(level, level[1].at(level[1].coords, 3)), 'multiple of 2, got 3'),
        (lambda level: GenerativeUpsample(3, 3, 4), 'kernel_size must be 2 or 3, got 4'),
        (lambda level: GenerativeUpsample(3, 3)((level[0], level[1].at(level[1].coords, 1))), 'even stride'),
        (lambda level: union_add(level, (level[0], level[1].at(level[1].coords, 1))), 'one stride'),
    ],
)
def test_bad_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(random_level(stride=2, channels=3))
