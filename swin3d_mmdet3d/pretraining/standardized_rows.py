"""Rows that are standardised over those of all processes, without running statistics."""

from __future__ import annotations

from typing import Any

import torch
from mmengine.dist import all_reduce, get_world_size
from torch import Tensor
from torch.nn.functional import batch_norm

from ..models.losses.global_mean import global_count

EPS = 1e-5


def standardized_rows(feats: Tensor, alone: bool = False) -> Tensor:
    """Features ``(N, C)`` of mean 0 and variance 1 over rows; 0 where there are fewer than two.

    In a distributed run the rows of all processes count, unless they are to be taken ``alone``, and all must
    call this equally often. Gradients flow through both moments.

    Args:
        feats: ``(N, C)``, N >= 0.
        alone: Take the moments of these rows only.

    Source: arXiv 1502.03167 (batch normalisation), algorithm 1, without scale and shift.
    """
    if alone or get_world_size() == 1:
        return batch_norm(feats, None, None, training=True, eps=EPS) if len(feats) > 1 else feats * 0
    count = global_count(len(feats), feats)
    if count < 2:
        return feats * 0
    rows = feats.float()
    centered = rows - _Sum.apply(rows.sum(dim=0)) / count
    variance = _Sum.apply(centered.square().sum(dim=0)) / count
    return (centered * (variance + EPS).rsqrt()).to(feats.dtype)


class _Sum(torch.autograd.Function):
    """Sum over processes; each result depends on the values of all, and so do gradients."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        total = values.clone()
        all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        total = gradient.clone()
        all_reduce(total)
        return total
