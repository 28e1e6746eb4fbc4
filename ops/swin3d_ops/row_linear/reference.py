"""A linear layer of rows written to be read: layer norm, linear, weighted sum with other rows."""

from __future__ import annotations

import torch

from ..layer_norm import layer_norm


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
    out_dtype: torch.dtype,
) -> torch.Tensor:
    """Compute residual + row_weight * (LN(feats) weight^T + bias)."""
    normed = feats if norm_weight is None else layer_norm(feats, norm_weight, norm_bias, eps)
    out = normed.to(product_dtype) @ weight.to(product_dtype).t() + bias.to(product_dtype)
    out = out.to(out_dtype)
    out = out if row_weight is None else row_weight[:, None].to(out_dtype) * out
    return out if residual is None else residual + out
