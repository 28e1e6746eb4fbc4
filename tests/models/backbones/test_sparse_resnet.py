"""The sparse residual network against dense PyTorch, block by block."""

import pytest
import torch
from dense_volumes import (
    assert_same_rows,
    at_sites,
    double_weight,
    masked_norm,
    occupied,
    random_level,
    to_dense,
)
from mmdet3d.registry import MODELS
from swin3d_ops.voxel_index import parent_voxels, unique_voxels
from torch.nn import functional as F

from swin3d_mmdet3d.models.layers import ResBlock, SparseInstanceNorm
from swin3d_mmdet3d.structures import SparseVoxels


def parents(voxels):
    coords, _ = parent_voxels(voxels.coords, 2 * voxels.stride)
    return voxels.at(coords, 2 * voxels.stride)


@pytest.mark.parametrize('down', [False, True])
def test_residual_block_is_a_dense_one_with_masks(down):
    feats, voxels = random_level(2, 4, dtype=torch.float32)
    targets = parents(voxels) if down else voxels
    block = ResBlock(4, 6 if down else 4, down=down)
    for parameter in block.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    out, at = block((feats, voxels), targets)
    assert at is targets

    volume, mask, stride = to_dense((feats.double(), voxels)), occupied(targets), 1 + down
    hidden = F.conv3d(volume, double_weight(block.conv1), stride=stride, padding=1)
    hidden = masked_norm(hidden, mask, block.norm1).relu()
    hidden = masked_norm(F.conv3d(hidden, double_weight(block.conv2), padding=1), mask, block.norm2)
    residual = volume
    if down:
        conv, norm = block.downsample
        residual = masked_norm(F.conv3d(volume, double_weight(conv), stride=2), mask, norm)
    assert_same_rows(out, (hidden + residual).relu(), targets, [feats, *block.parameters()])


def test_scene_norm_is_an_instance_norm_over_the_sites():
    feats, voxels = random_level(2, 4, dtype=torch.float32)
    norm = SparseInstanceNorm(4)
    for parameter in norm.parameters():
        torch.nn.init.normal_(parameter)
    rows = feats.double().split(voxels.ptr.diff().tolist())
    dense = torch.cat([F.instance_norm(scene.t()[None], eps=norm.eps)[0].t() for scene in rows])
    dense = to_dense((dense * norm.weight.double() + norm.bias.double(), voxels))
    assert_same_rows(norm(feats, voxels), dense, voxels, [feats, *norm.parameters()])


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_scene_norm_of_more_sites_than_float16_counts(dtype):
    generator = torch.Generator().manual_seed(0)
    feats = torch.randn(70_000, 2, generator=generator).add(3).to(dtype)
    coords = torch.zeros(70_000, 4, dtype=torch.int64)
    coords[:, 1] = torch.arange(70_000)
    norm, voxels = SparseInstanceNorm(2), SparseVoxels(coords, 1)
    expected = norm(feats.float(), voxels)
    for got in (norm(feats, voxels), norm.to(dtype)(feats, voxels)):
        assert (got - expected).abs().max() <= torch.finfo(dtype).eps * expected.abs().max()
    assert got.dtype == dtype


@pytest.mark.parametrize('stem_norm', ['instance', 'batch'])
def test_stem_is_a_strided_convolution_and_a_maximum(stem_norm):
    feats, voxels = random_level(1, 3, dtype=torch.float32)
    network = MODELS.build(dict(type='SparseResNet34', in_channels=3, stem_norm=stem_norm))
    out, pooled = network._stem((feats, voxels))
    coarse = parents(voxels)
    volume = F.conv3d(to_dense((feats.double(), voxels)), double_weight(network.conv1), stride=2, padding=1)
    if stem_norm == 'batch':
        volume = masked_norm(volume, occupied(coarse), network.norm1)
    else:
        rows = at_sites(volume, coarse)
        weight, bias = network.norm1.weight.double(), network.norm1.bias.double()
        scenes = [
            F.instance_norm(r.t()[None], eps=1e-6)[0].t() for r in rows.split(coarse.ptr.diff().tolist())
        ]
        volume = to_dense((torch.cat(scenes) * weight + bias, coarse))
    dense = F.max_pool3d(volume.relu(), 2)
    assert pooled.stride == 4
    assert_same_rows(out, dense, pooled, [feats, *network.conv1.parameters(), *network.norm1.parameters()])


def random_scene(num_points=300, edge=128):
    coords, _ = unique_voxels(F.pad(torch.randint(-edge // 2, edge // 2, (num_points, 3)), (1, 0)))
    return torch.randn(len(coords), 3), SparseVoxels(coords, 1, voxel_size=0.01)


@pytest.mark.parametrize(
    'change, widths',
    [({}, [64, 128, 256, 512]), (dict(channels=(64, 128, 128, 128), stem_norm='batch'), [64, 128, 128, 128])],
    ids=['FCAF3D', 'TR3D'],
)
def test_levels_lie_at_the_parents_of_the_voxels(change, widths):
    network = MODELS.build(dict(type='SparseResNet34', in_channels=3, **change)).eval()
    feats, voxels = random_scene()
    with torch.no_grad():
        levels = network(feats, voxels)
    for (out, at), stride, width in zip(levels, (8, 16, 32, 64), widths):
        assert at.stride == stride and out.shape == (len(at), width)
        assert torch.equal(at.coords, parent_voxels(voxels.coords, stride)[0])
        assert out.isfinite().all()


def test_network_does_not_depend_on_where_the_lattice_begins():
    network = MODELS.build(dict(type='SparseResNet34', in_channels=3)).eval()
    feats, voxels = random_scene()
    moved = SparseVoxels(voxels.coords + torch.tensor([0, 64, -128, 192]), 1, voxel_size=0.01)
    with torch.no_grad():
        for (one, _), (other, _) in zip(network(feats, voxels), network(feats, moved)):
            torch.testing.assert_close(one, other)


def test_one_voxel_trains():
    network = MODELS.build(dict(type='SparseResNet34', in_channels=3))
    levels = network(torch.randn(1, 3), SparseVoxels(torch.tensor([[0, 5, -3, 2]]), 1))
    sum(feats.sum() for feats, _ in levels).backward()
    assert all(feats.isfinite().all() for feats, _ in levels)
    assert all(b.isfinite().all() for b in network.buffers())


def test_parameters_come_in_the_order_of_minkresnet():
    network = MODELS.build(dict(type='SparseResNet34', in_channels=3))
    names = [name for name, _ in network.named_parameters()]
    assert names[:3] == ['conv1.weight', 'norm1.weight', 'norm1.bias']
    block = ['conv1.weight', 'norm1.weight', 'norm1.bias', 'conv2.weight', 'norm2.weight', 'norm2.bias']
    block += ['downsample.0.weight', 'downsample.1.weight', 'downsample.1.bias']
    assert names[3:12] == [f'layer1.0.{name}' for name in block]
    assert [sum(f'layer{i}.{j}.conv1.weight' in names for j in range(9)) for i in (1, 2, 3, 4)] == [
        3,
        4,
        6,
        3,
    ]


@pytest.mark.parametrize(
    'change, message',
    [
        (dict(channels=(64, 128)), 'channels must have 4 entries'),
        (dict(stem_norm='layer'), "stem_norm must be 'instance' or 'batch', got 'layer'"),
    ],
)
def test_bad_configs_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        MODELS.build(dict(type='SparseResNet34', in_channels=3, **change))
