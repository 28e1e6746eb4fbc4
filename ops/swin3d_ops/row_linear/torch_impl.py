"""A linear layer of rows by torch's operators."""

from __future__ import annotations

import torch
from torch.nn import functional


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
    dtype = feats.dtype
    if norm_weight is not None:
        feats = functional.layer_norm(feats, feats.shape[1:], norm_weight, norm_bias, eps)
    feats, weight, bias = (tensor.to(product_dtype) for tensor in (feats, weight, bias))
    out = functional.linear(feats, weight, bias).to(dtype)
    out = out if row_weight is None else row_weight[:, None] * out
    return out if residual is None else residual + out
