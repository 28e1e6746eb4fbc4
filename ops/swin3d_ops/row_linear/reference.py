"""A linear layer of rows written to be read: layer norm, linear, weighted sum with other rows."""

from __future__ import annotations

import torch


def row_linear(
    feats: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor,
    norm_weight: torch.Tensor | None,
    norm_bias: torch.Tensor | None,
    residual: torch.Tensor | None,
    row_weight: torch.Tensor | None,
    eps: float,
    product_dtype: torch.dtype,
) -> torch.Tensor:
    """Compute residual + row_weight * (LN(feats) weight^T + bias)."""
    normed = feats
    if norm_weight is not None:
        mean = feats.mean(1, keepdim=True)
        variance = (feats - mean).square().mean(1, keepdim=True)
        normed = (feats - mean) / torch.sqrt(variance + eps) * norm_weight + norm_bias
    out = normed.to(product_dtype) @ weight.to(product_dtype).t() + bias.to(product_dtype)
    out = out.to(feats.dtype)
    out = out if row_weight is None else row_weight[:, None] * out
    return out if residual is None else residual + out
