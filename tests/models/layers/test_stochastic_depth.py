"""Stochastic depth: rates rise from block to block of the encoder and are the same all over the decoder."""

import pytest
import torch
from mmcv.cnn.bricks import DropPath
from mmdet3d.registry import MODELS

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.models.layers import Swin3DBlock, WindowStage
from swin3d_mmdet3d.models.layers.stochastic_depth import branch_weights
from swin3d_mmdet3d.structures import SparseVoxels

SIZES = dict(channels=[8, 8, 8], num_heads=[2, 2, 2], window_sizes=[3, 3, 3])


def rates_of(network):
    return [block.drop_path for block in network.modules() if isinstance(block, Swin3DBlock)]


@pytest.mark.parametrize('stem_transformer', [True, False])
def test_rates_rise_evenly_from_the_first_block_to_the_last(stem_transformer):
    encoder = MODELS.build(
        dict(
            type='Swin3D',
            in_channels=6,
            depths=[2, 3, 2],
            drop_path_rate=0.3,
            stem_transformer=stem_transformer,
            out_indices=(0, 1, 2),
            **SIZES,
        )
    )
    rates = [0.3 * block / 6 for block in range(7)]
    # without attention at the finest level its blocks are counted all the same, as in the original
    assert rates_of(encoder) == pytest.approx(rates if stem_transformer else rates[2:], abs=1e-6)


def test_blocks_of_the_decoder_drop_a_tenth_whatever_the_encoder_does():
    decoder = MODELS.build(dict(type='Swin3DDecoder', **SIZES))
    assert rates_of(decoder) == [0.1, 0.1]
    assert rates_of(MODELS.build(dict(type='Swin3DDecoder', drop_path=0.3, **SIZES))) == [0.3, 0.3]


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64, torch.float16])
def test_each_branch_of_a_block_is_dropped_at_its_rate_and_what_is_left_is_scaled(dtype):
    rates, feats = [0.0, 0.4, 0.1], torch.zeros(20_000, 3, dtype=dtype)
    first, *drawn = branch_weights(rates, 2, feats)
    assert first is None
    for rate, weights in zip(rates[1:], drawn):
        assert weights.dtype == dtype and weights.shape == (2, 20_000)
        scale = torch.tensor(1 / (1 - rate), dtype=dtype)
        torch.testing.assert_close(weights.unique(), torch.stack([scale * 0, scale]))
        share = (weights == 0).double().mean(1)
        assert ((share - rate).abs() < 5 * (rate * (1 - rate) / 20_000) ** 0.5).all()
        both = (weights == 0).all(0).double().mean()  # independent: the product of the rates
        assert abs(float(both) - rate**2) < 5 * rate / 20_000**0.5
    assert float((drawn[0] * drawn[1]).double().mean()) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_branches_drop_what_they_would_drop_one_after_another(dtype):
    rates, feats = [0.0, 0.0103, 0.2069, 0.3, 0.7], torch.zeros(1001, 3, dtype=dtype)
    torch.manual_seed(5)
    weights = branch_weights(rates, 2, feats)
    torch.manual_seed(5)
    for rate, of_block in zip(rates[1:], weights[1:]):
        for of_branch in of_block:
            expected = DropPath(rate).train()(torch.ones(1001, 1, dtype=dtype))
            assert torch.equal(of_branch, expected.squeeze(1))


def test_the_same_seed_draws_the_same_rows():
    feats = torch.zeros(500, 3)
    first, second, other = (branch_weights([0.5], 2, feats) for _ in map(torch.manual_seed, (1, 1, 2)))
    assert torch.equal(first[0], second[0]) and not torch.equal(first[0], other[0])


@pytest.fixture
def stage():
    return WindowStage(8, 2, 3, 4, ('xyz',), [0.0, 0.4, 0.3])


def rows_given(stage):
    """The factors that each block of a stage gets."""
    coords = torch.zeros(300, 4, dtype=torch.int64)
    coords[:, 1] = torch.arange(300)
    given = []
    for block in stage.blocks:
        block.register_forward_hook(lambda module, inputs, out: given.append(inputs[3]))
    stage(torch.randn(300, 8), SparseVoxels(coords, 1, signals=dict(xyz=coords[:, 1:] + 0.5)))
    return given


def test_a_stage_drops_rows_of_its_blocks_in_training(stage):
    first, *others = rows_given(stage.train())
    assert first is None
    for weights, rate in zip(others, [0.4, 0.3]):
        assert float((weights == 0).float().mean()) == pytest.approx(rate, abs=0.1)


def test_blocks_in_evaluation_drop_nothing(stage):
    stage.train()
    stage.blocks[1].eval()
    _, second, third = rows_given(stage)
    assert second is None and third is not None
    assert rows_given(stage.eval())[-3:] == [None, None, None]
