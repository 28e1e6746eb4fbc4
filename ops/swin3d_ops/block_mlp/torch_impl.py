"""The feed-forward branch by torch's operators; the backward pass computes it again from its input."""

from __future__ import annotations

from typing import Any

import torch
from torch.autograd.function import once_differentiable
from torch.nn import functional

from .. import forward_alone
from ..row_steps import (
    branch_grad,
    converted,
    normalise,
    normalise_backward,
    product,
    weighted_sum,
    without_autocast,
)


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
    parameters = norm_weight, norm_bias, weight1, bias1, weight2, bias2
    return forward_alone.call(_BlockMLP, feats, *parameters, row_weight, eps, product_dtype)


class _BlockMLP(torch.autograd.Function):
    """Keeps no rows but its input: those inside take more memory than all others of a block together."""

    @staticmethod
    def forward(
        ctx: Any,
        feats, norm_weight, norm_bias, weight1, bias1, weight2, bias2, row_weight, eps, product_dtype,
    ) -> torch.Tensor:  # fmt: skip
        ctx.eps = eps
        weight1, bias1, weight2, bias2 = converted(product_dtype, weight1, bias1, weight2, bias2)
        ctx.save_for_backward(feats, norm_weight, norm_bias, weight1, bias1, weight2, row_weight)
        rows = normalise(feats, norm_weight, norm_bias, eps).rows.to(product_dtype)
        hidden = functional.gelu(functional.linear(rows, weight1, bias1))
        return weighted_sum(feats, row_weight, functional.linear(hidden, weight2, bias2), feats.dtype)

    @staticmethod
    @once_differentiable
    @without_autocast
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        feats, norm_weight, norm_bias, weight1, bias1, weight2, row_weight = ctx.saved_tensors
        needs, dtype = ctx.needs_input_grad, feats.dtype
        rows, *statistics = normalise(feats, norm_weight, norm_bias, ctx.eps)
        rows = rows.to(weight1.dtype)
        hidden = functional.linear(rows, weight1, bias1)
        branch = branch_grad(grad, row_weight, weight1.dtype)
        of_bias2 = branch.sum(0, dtype=dtype) if needs[6] else None
        of_weight2 = product(branch.t(), functional.gelu(hidden), dtype) if needs[5] else None
        of_hidden = torch.ops.aten.gelu_backward.default(branch @ weight2, hidden)
        of_bias1 = of_hidden.sum(0, dtype=dtype) if needs[4] else None
        of_weight1 = product(of_hidden.t(), rows, dtype) if needs[3] else None
        saved = *statistics, norm_weight, norm_bias
        of_feats, *of_norm = normalise_backward(product(of_hidden, weight1, dtype), feats, saved, needs[:3])
        if of_feats is not None:
            of_feats += grad
        return of_feats, *of_norm, of_weight1, of_bias1, of_weight2, of_bias2, None, None, None
