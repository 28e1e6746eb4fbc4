"""Table of the feed-forward branch: the op against the layers of PyTorch."""

from __future__ import annotations

import torch
from level_tables import compare_passes
from swin3d_ops import block_mlp
from torch.nn import functional

SHAPES = ((40000, 48), (20000, 96), (8000, 192), (3000, 384))
"""Rows and channels; hidden columns are four times as many."""


def layer_by_layer(feats, norm_weight, norm_bias, weight1, bias1, weight2, bias2) -> torch.Tensor:
    """Norm, linear, GELU, linear and sum by the operations of PyTorch."""
    normed = functional.layer_norm(feats, feats.shape[1:], norm_weight, norm_bias)
    hidden = functional.gelu(functional.linear(normed, weight1, bias1))
    return feats + functional.linear(hidden, weight2, bias2)


def feed_forward() -> None:
    """Log both passes of float32 branches, one thread."""
    generator = torch.Generator().manual_seed(0)
    for rows, channels in SHAPES:
        shapes = (rows, channels), (channels,), (channels,), (4 * channels, channels), (4 * channels,)
        shapes += (channels, 4 * channels), (channels,)
        inputs = [
            torch.randn(*shape, generator=generator).div_(shape[-1] ** 0.5).requires_grad_()
            for shape in shapes
        ]
        compare_passes(
            f'Feed-forward branch of {rows} rows of {channels} channels',
            lambda inputs=inputs: block_mlp(*inputs),
            lambda inputs=inputs: layer_by_layer(*inputs),
            inputs,
            'layer by layer',
        )
