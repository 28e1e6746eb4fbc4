"""The feed-forward branch written to be read: layer norm, linear, GELU, linear, weighted sum."""

from __future__ import annotations

import torch
from torch.nn import functional

from ..layer_norm import layer_norm


def block_mlp(
    feats: torch.Tensor,
    norm_weight: torch.Tensor,
    norm_bias: torch.Tensor,
    weight1: torch.Tensor,
    bias1: torch.Tensor,
    weight2: torch.Tensor,
    bias2: torch.Tensor,
    row_weight: torch.Tensor | None,
    eps: float,
    product_dtype: torch.dtype,
) -> torch.Tensor:
    """Compute feats + row_weight * (GELU(LN(feats) weight1^T + bias1) weight2^T + bias2)."""
    normed = layer_norm(feats, norm_weight, norm_bias, eps)
    hidden = normed.to(product_dtype) @ weight1.to(product_dtype).t() + bias1.to(product_dtype)
    branch = functional.gelu(hidden) @ weight2.to(product_dtype).t() + bias2.to(product_dtype)
    branch = branch.to(feats.dtype)
    return feats + (branch if row_weight is None else row_weight[:, None].to(feats.dtype) * branch)
