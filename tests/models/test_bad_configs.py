"""Configs that cannot work are refused when the model is built, with the argument's name."""

import pytest
import torch
from mmdet3d.registry import MODELS

from swin3d_mmdet3d.models.backbones.swin3d import ConvBlock
from swin3d_mmdet3d.structures import SparseVoxels

SIZES = dict(channels=[8, 16], num_heads=[2, 2], window_sizes=[3, 3])
BACKBONE = dict(type='Swin3D', in_channels=6, depths=[1, 1], out_indices=(0, 1), **SIZES)


@pytest.mark.parametrize(
    'change, message',
    [
        (dict(depths=[1, 1, 1]), 'must have one entry per stage'),
        (dict(channels=[8]), 'must have one entry per stage'),
        (dict(channels=[8, 17]), 'channels must be divisible by num_heads'),
        (dict(window_sizes=[3, 0]), 'window_sizes must be positive'),
        (dict(depths=[0, 1]), 'depths must be positive'),
        (dict(quant_size=0), 'quant_size must be at least 1'),
        (dict(down_stride=0), 'down_stride must be at least 1'),
        (dict(in_channels=0), 'in_channels must be at least 1'),
        (dict(drop_path_rate=1.0), r'drop_path_rate must lie in \[0, 1\)'),
        (dict(out_indices=(0, 2)), 'out_indices must be ascending levels below 2'),
        (dict(out_indices=()), 'out_indices must be'),
        (dict(signals=('rgb',)), 'signals must be distinct names'),
        (dict(signals='XYZ_RGB'), 'signals must be distinct names'),
    ],
)
def test_backbone_refuses(change, message):
    with pytest.raises(ValueError, match=message):
        MODELS.build({**BACKBONE, **change})


@pytest.mark.parametrize('change', [dict(quant_size=1), dict(drop_path_rate=0), dict(down_stride=1)])
def test_backbone_takes_the_least_of_each_number(change):
    scene = SparseVoxels(
        torch.tensor([[0, 0, 0, 0], [0, 0, 0, 1]]),
        1,
        signals={'xyz': torch.rand(2, 3), 'rgb': torch.rand(2, 3)},
    )
    levels = MODELS.build({**BACKBONE, **change})(torch.rand(2, 6), scene)
    assert all(bool(feats.isfinite().all()) for feats, _ in levels)


@pytest.mark.parametrize(
    'change, message',
    [
        (dict(num_heads=[2]), 'must have one entry per stage'),
        (dict(up_k=0), 'num_neighbors must be at least 1'),
        (dict(drop_path=-0.1), 'drop_path must lie'),
        (dict(out_level=1), 'out_level must be a level below 1'),
    ],
)
def test_decoder_refuses(change, message):
    with pytest.raises(ValueError, match=message):
        MODELS.build({'type': 'Swin3DDecoder', **SIZES, **change})


def test_decoder_may_drop_nothing():
    decoder = MODELS.build({'type': 'Swin3DDecoder', 'drop_path': 0, **SIZES})
    assert decoder.upsamples[0].block.blocks[0].drop_path == 0


def test_head_refuses_an_ignored_class():
    with pytest.raises(ValueError, match='ignore_index must not be a class'):
        MODELS.build(dict(type='VoxelSegHead', in_channels=8, num_classes=5, ignore_index=3))


def test_features_of_the_wrong_width_are_refused():
    voxels = SparseVoxels(
        torch.zeros(1, 4, dtype=torch.int32), 1, signals={'xyz': torch.zeros(1, 3), 'rgb': torch.zeros(1, 3)}
    )
    with pytest.raises(ValueError, match=r'feats must be \(1, 6\), got \(1, 3\)'):
        MODELS.build(BACKBONE)(torch.zeros(1, 3), voxels)


def test_sparse_convolution_equals_the_dense_one_at_occupied_voxels():
    grid = torch.rand(2, 6, 5, 7) < 0.4
    coords = grid.nonzero()
    voxels = SparseVoxels(coords - torch.tensor([0, 9, -4, 2]), 2)
    feats = torch.randn(len(coords), 3, requires_grad=True)
    block = ConvBlock(3, 4).eval()
    conv = block.conv_layers[0]
    dense = torch.zeros(2, 3, 6, 5, 7).index_put(
        (coords[:, :1], torch.arange(3)[None], coords[:, 1:2], coords[:, 2:3], coords[:, 3:]), feats
    )
    wanted = torch.nn.functional.conv3d(dense, conv.weight.permute(0, 4, 1, 2, 3), padding=1)
    wanted = wanted[coords[:, 0], :, coords[:, 1], coords[:, 2], coords[:, 3]]
    got = conv((feats, voxels))
    torch.testing.assert_close(got, wanted, atol=1e-5, rtol=1e-5)
    up = torch.randn_like(got)
    for tensor in (feats, conv.weight):
        ours, theirs = (
            torch.autograd.grad((out * up).sum(), tensor, retain_graph=True)[0] for out in (got, wanted)
        )
        torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)
