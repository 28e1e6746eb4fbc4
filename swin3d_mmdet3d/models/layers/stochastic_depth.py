"""Stochastic depth: branches of residual blocks that training leaves out, voxel by voxel."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import torch
from torch import Tensor


def branch_weights(rates: Sequence[float], branches: int, feats: Tensor) -> list[Tensor | None]:
    """What the branches of blocks are multiplied by at each voxel: 0 at a block's rate, else 1 / (1 - rate).

    The numbers of all blocks are drawn at once: those that the branches would draw one after another. As in
    the original voxels are dropped, not scenes, because voxels are the leading axis.

    Args:
        rates: Probability of each block, in [0, 1).
        branches: Branches of a block.
        feats: ``(N, C)`` features of the N voxels.

    Returns:
        ``(branches, N)`` of each block, dtype of ``feats``, or None where its rate is 0.

    Source: arXiv 1603.09382; DropPath of timm, which Swin3D/modules/swin3d_layers.py calls with ``(N, C)``.
    """
    drawn = tuple(rate for rate in rates if rate)
    if not drawn:
        return [None for _ in rates]
    wide = torch.promote_types(feats.dtype, torch.float32)
    kept, dropped = _probabilities(drawn, feats.device, wide)
    draws = torch.rand(len(drawn), branches, len(feats), device=feats.device, dtype=wide)
    weights = iter(draws.ge_(dropped).div_(kept).to(feats.dtype).unbind())
    return [next(weights) if rate else None for rate in rates]


@functools.lru_cache(maxsize=64)
def _probabilities(
    rates: tuple[float, ...], device: torch.device, dtype: torch.dtype
) -> tuple[Tensor, Tensor]:
    """That a branch is kept, and that it is dropped, ``(blocks, 1, 1)``; each copy to a GPU is a wait."""
    kept = torch.tensor([1 - rate for rate in rates], dtype=dtype, device=device)[:, None, None]
    return kept, 1 - kept
