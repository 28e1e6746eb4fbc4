"""A linear layer of rows by torch's operators, with a backward pass in as few launches as it takes."""

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
    dtypes = product_dtype, out_dtype
    tensors = feats, weight, bias, norm_weight, norm_bias, residual, row_weight
    return forward_alone.call(_RowLinear, *tensors, eps, dtypes)


class _RowLinear(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, feats, weight, bias, norm_weight, norm_bias, residual, row_weight, eps, dtypes
    ) -> torch.Tensor:
        product_dtype, out_dtype = dtypes
        rows, of_norm = feats, ()
        if norm_weight is not None:
            rows, *statistics = normalise(feats, norm_weight, norm_bias, eps)
            of_norm = feats, *statistics, norm_weight, norm_bias
        rows = rows.to(product_dtype)
        ctx.feats_dtype, ctx.weight_dtype = feats.dtype, weight.dtype
        weight, bias = converted(product_dtype, weight, bias)
        ctx.save_for_backward(rows, weight, row_weight, *of_norm)
        return weighted_sum(residual, row_weight, functional.linear(rows, weight, bias), out_dtype)

    @staticmethod
    @once_differentiable
    @without_autocast
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        rows, weight, row_weight, *of_norm = ctx.saved_tensors
        needs = ctx.needs_input_grad
        branch = branch_grad(grad, row_weight, weight.dtype)
        of_weight = product(branch.t(), rows, ctx.weight_dtype) if needs[1] else None
        of_bias = branch.sum(0, dtype=ctx.weight_dtype) if needs[2] else None
        of_feats, of_norm_weight, of_norm_bias = None, None, None
        if needs[0] or needs[3] or needs[4]:
            of_feats = product(branch, weight, ctx.feats_dtype)
            if of_norm:
                feats, *saved = of_norm
                needed = needs[0], needs[3], needs[4]
                of_feats, of_norm_weight, of_norm_bias = normalise_backward(of_feats, feats, saved, needed)
        of_residual = grad if needs[5] else None
        return of_feats, of_weight, of_bias, of_norm_weight, of_norm_bias, of_residual, None, None, None
