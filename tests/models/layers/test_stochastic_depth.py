"""Stochastic depth: rates rise from block to block of the encoder and are the same all over the decoder."""

import pytest
import torch
from mmdet3d.registry import MODELS

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.models.layers.window_attention import Swin3DBlock

SIZES = dict(channels=[8, 8, 8], num_heads=[2, 2, 2], window_sizes=[3, 3, 3])


def rates_of(network):
    return [block.drop_path.drop_prob for block in network.modules() if isinstance(block, Swin3DBlock)]


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


def test_a_block_drops_each_of_its_branches_at_its_rate_and_scales_what_is_left():
    block = Swin3DBlock(8, 2, 3, drop_path=0.4).train()
    branch = torch.ones(20_000, 1)
    dropped = block.drop_path(branch)
    assert float((dropped == 0).float().mean()) == pytest.approx(0.4, abs=0.02)
    torch.testing.assert_close(dropped[dropped > 0], torch.full((int((dropped > 0).sum()),), 1 / 0.6))
