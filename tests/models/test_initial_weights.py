"""Distributions of fresh weights: those of the original networks, measured."""

import math

import pytest
import torch
from mmdet3d.registry import MODELS
from mmengine.config import ConfigDict
from torch import nn

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.models.dense_heads.cagroup3d.class_aware_block import ClassConv3d
from swin3d_mmdet3d.models.layers import GenerativeUpsample, SparseConv3d

SIZES = dict(channels=[32, 64], num_heads=[2, 4], window_sizes=[5, 5])
SWIN3D = {
    'encoder': dict(type='Swin3D', in_channels=6, depths=[1, 1], out_indices=(0, 1), **SIZES),
    'decoder': dict(type='Swin3DDecoder', **SIZES),
    'head': dict(type='VoxelSegHead', in_channels=64, num_classes=40),
    'probe': dict(type='LinearProbeHead', in_channels=64, num_classes=40),
}
FCAF3D = dict(
    type='SparseFCAF3DHead',
    num_classes=18,
    in_channels=[64, 64],
    out_channels=64,
    pts_prune_threshold=100,
    pts_assign_threshold=9,
    pts_center_threshold=6,
)
TR3D = dict(type='SparseTR3DHead', in_channels=64, label2level=[0, 1] * 9)
CAGROUP3D = dict(
    type='CAGroup3DHead', num_classes=18, in_channels=64, kernel_size=3, class_sizes=[[0.4, 0.4, 0.4]] * 18
)


def built(config):
    module = MODELS.build(ConfigDict(config))
    module.init_weights()
    return module


def assert_spread(weight, std):
    """Mean 0 and this standard deviation, to five standard errors."""
    weight, count = weight.detach(), weight.numel()
    assert abs(float(weight.mean())) < 5 * std / math.sqrt(count)
    assert float(weight.std()) == pytest.approx(std, rel=5 / math.sqrt(2 * count))


@pytest.mark.parametrize('name', SWIN3D)
def test_linear_layers_and_tables_of_swin3d_are_of_the_size_of_a_transformers(name):
    network = built(SWIN3D[name])
    layers = [module for module in network.modules() if isinstance(module, nn.Linear)]
    assert layers
    for layer in layers:
        assert_spread(layer.weight, 0.02)
        assert layer.bias is None or not layer.bias.any()
    for key, weight in network.named_parameters():
        if key.endswith('_table'):
            assert_spread(weight, 0.02)
    for norm in network.modules():
        if isinstance(norm, (nn.LayerNorm, nn.BatchNorm1d)) and norm.weight is not None:
            assert (norm.weight == 1).all() and not norm.bias.any()


@pytest.mark.parametrize('kernel_size', [1, 3])
def test_convolutions_begin_as_pytorchs_own_do(kernel_size):
    conv, dense = SparseConv3d(16, 64, kernel_size), nn.Conv3d(16, 64, kernel_size)
    bound = float(dense.weight.detach().abs().max())
    assert float(conv.weight.detach().abs().max()) == pytest.approx(bound, rel=0.02)
    assert_spread(conv.weight, bound / math.sqrt(3))


def test_each_class_of_a_class_aware_convolution_begins_as_a_convolution_of_its_own():
    conv = ClassConv3d(18, 16, 32, 3)
    bound = 1 / math.sqrt(27 * 16)
    assert bound * 0.99 < float(conv.weight.detach().abs().max()) <= bound
    assert_spread(conv.weight, bound / math.sqrt(3))


@pytest.mark.parametrize(
    'config',
    [
        dict(type='SparseResNet34', in_channels=3, channels=(16, 16, 16, 16)),
        dict(type='SparseTR3DNeck', in_channels=[16, 16, 16, 16], out_channels=16),
        dict(
            type='SparseResUNet',
            in_channels=3,
            encoder_channels=(32, 48),
            decoder_channels=(48, 32),
            encoder_blocks=(1, 1),
            decoder_blocks=(1, 1),
        ),
    ],
    ids=lambda config: config['type'],
)
def test_convolutions_of_residual_networks_keep_the_gradients_variance(config):
    """Kaiming's normal distribution of arXiv 1502.01852, equation 14."""
    network = built(config)
    weights = [weight for weight in network.parameters() if weight.ndim == 5]
    assert len(weights) > 5
    for weight in weights:
        assert_spread(weight, math.sqrt(2 / (weight.shape[0] * weight.shape[1] ** 3)))


@pytest.mark.parametrize(
    'config, classifiers, others',
    [
        (FCAF3D, ['conv_cls'], ['conv_center', 'conv_reg']),
        (TR3D, ['conv_cls'], ['conv_reg']),
        (CAGROUP3D, ['conv_cls', 'conv_semantic'], ['conv_center', 'conv_reg']),
    ],
    ids=['FCAF3D', 'TR3D', 'CAGroup3D'],
)
def test_detectors_begin_with_a_prior_of_one_in_a_hundred_for_each_class(config, classifiers, others):
    """arXiv 1708.02002, section 3.3."""
    head = built(config)
    for name in classifiers:
        torch.testing.assert_close(head.get_submodule(name).bias.sigmoid(), torch.full((18,), 0.01))
    for name in [*classifiers, *others]:
        assert_spread(head.get_submodule(name).weight, 0.01)


def test_convolutions_of_cagroup3d_over_cells_and_rois_begin_small():
    assert_spread(built(CAGROUP3D).class_block.near.weight, 0.01)
    head = built(dict(type='CAGroup3DRoIHead', num_classes=18, in_channels=16, channels=64, grid_size=3))
    assert_spread(head.pooling.grid_conv.weight, 0.01)
    assert_spread(head.pooling.pool.weight, 0.01)
    assert_spread(head.conv_reg.weight, 0.001)
    for layer in head.reg_layers:
        if isinstance(layer, nn.Linear):
            assert_spread(layer.weight, math.sqrt(2 / sum(layer.weight.shape)))


@pytest.mark.parametrize('kernel_size', [2, 3])
def test_upsampling_begins_by_its_inputs(kernel_size):
    weight = GenerativeUpsample(64, 16, kernel_size).weight
    bound = 1 / math.sqrt(kernel_size**3 * 64)
    assert bound * 0.99 < float(weight.detach().abs().max()) <= bound
