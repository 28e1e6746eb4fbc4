"""Layer norm of rows written to be read, for the reference back-ends of ops that begin with one."""

from __future__ import annotations

import torch


def layer_norm(feats: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, eps: float) -> torch.Tensor:
    """Compute (x - mean) / sqrt(variance + eps) * weight + bias of each row x of ``(N, C)`` feats."""
    mean = feats.mean(1, keepdim=True)
    variance = (feats - mean).square().mean(1, keepdim=True)
    return (feats - mean) / torch.sqrt(variance + eps) * weight + bias
