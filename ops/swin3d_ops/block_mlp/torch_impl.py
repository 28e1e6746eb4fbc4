"""The feed-forward branch by torch's operators; the GELU is computed again in the backward pass."""

from __future__ import annotations

from typing import Any

import torch
from torch.autograd.function import once_differentiable
from torch.nn import functional


class _GELULinear(torch.autograd.Function):
    """``Linear(GELU(x))`` that keeps the input of the GELU for the backward pass, and not its output."""

    @staticmethod
    def forward(ctx: Any, hidden: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(hidden, weight)
        return functional.linear(functional.gelu(hidden), weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        hidden, weight = ctx.saved_tensors
        inner = torch.ops.aten.gelu_backward(grad @ weight, hidden)
        return inner, grad.t() @ functional.gelu(hidden), grad.sum(0)


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
    normed = functional.layer_norm(feats, feats.shape[1:], norm_weight, norm_bias, eps)
    normed, weight1, bias1, weight2, bias2 = (
        tensor.to(product_dtype) for tensor in (normed, weight1, bias1, weight2, bias2)
    )
    hidden = functional.linear(normed, weight1, bias1)
    branch = _GELULinear.apply(hidden, weight2, bias2).to(feats.dtype)
    return feats + (branch if row_weight is None else row_weight[:, None] * branch)
