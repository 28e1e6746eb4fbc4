"""Steps of layers of rows by torch's operators, both ways, in as few launches on a GPU as they take."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch

from .autocast import autocast_dtype

_layer_norm_backward = torch.ops.aten.native_layer_norm_backward.default
_MM_HAS_OUT_DTYPE = 'dtype' in torch.ops.aten.mm.overloads()


class Normed(NamedTuple):
    """Rows behind a layer norm, and what its backward pass reads.

    Attributes:
        rows: (N, C).
        mean, inverse_deviation: (N, 1) statistics of each row.
    """

    rows: torch.Tensor
    mean: torch.Tensor
    inverse_deviation: torch.Tensor


def normalise(feats: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, eps: float) -> Normed:
    """Apply a layer norm to the rows of (N, C) feats."""
    return Normed(*torch.native_layer_norm(feats, feats.shape[1:], weight, bias, eps))


def normalise_backward(
    grad: torch.Tensor, feats: torch.Tensor, saved: Sequence[torch.Tensor], needed: Sequence[bool]
) -> tuple[torch.Tensor | None, ...]:
    """Return the gradients of feats, weight and bias of a layer norm, None where they are not needed.

    Args:
        grad: (N, C) gradient of the rows behind it.
        feats: (N, C) rows before it.
        saved: mean, inverse deviation, weight and bias.
        needed: Which of the three are asked for.
    """
    grads = _layer_norm_backward(grad.to(feats.dtype), feats, feats.shape[1:], *saved, list(needed))
    return tuple(part if wanted else None for part, wanted in zip(grads, needed))


def converted(dtype: torch.dtype, *tensors: torch.Tensor | None) -> tuple[torch.Tensor | None, ...]:
    """Return tensors of one dtype, few numbers each, in another one, by one launch for all; None stays."""
    others = [tensor for tensor in tensors if tensor is not None and tensor.dtype != dtype]
    if not others:
        return tensors
    copies = [torch.empty_like(tensor, dtype=dtype) for tensor in others]
    torch._foreach_copy_(copies, others)
    copied = iter(copies)
    return tuple(t if t is None or t.dtype == dtype else next(copied) for t in tensors)


def product(first: torch.Tensor, second: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Multiply (N, K) by (K, M) into ``dtype``.

    A GPU writes the float32 sums of 16-bit operands as they are where torch can (2.8): gradients of weights
    are not rounded to the operands' type on their way, nor beyond the range of float16, in a launch less.
    """
    if dtype == torch.float32 and _keeps_sums(first):
        return torch.mm(first, second, out_dtype=dtype)
    return (first @ second).to(dtype)


def _keeps_sums(operand: torch.Tensor) -> bool:
    narrow = operand.dtype in (torch.float16, torch.bfloat16)
    return narrow and operand.is_cuda and torch.version.cuda is not None and _MM_HAS_OUT_DTYPE


def weighted_sum(
    residual: torch.Tensor | None, row_weight: torch.Tensor | None, branch: torch.Tensor, dtype: torch.dtype
) -> torch.Tensor:
    """Compute residual + row_weight * branch of (N, D) rows in ``dtype``; None leaves a part out."""
    if residual is None:
        branch = branch.to(dtype)
        return branch if row_weight is None else branch * row_weight[:, None].to(dtype)
    if row_weight is None:
        return residual + branch
    return torch.addcmul(residual, row_weight[:, None].to(dtype), branch)


def branch_grad(grad: torch.Tensor, row_weight: torch.Tensor | None, dtype: torch.dtype) -> torch.Tensor:
    """Compute row_weight * grad of (N, D) rows, rounded to ``dtype`` on its way to memory."""
    if row_weight is None:
        return grad.to(dtype)
    if grad.dtype == dtype == row_weight.dtype:
        return grad * row_weight[:, None]
    return torch.mul(grad, row_weight[:, None], out=torch.empty_like(grad, dtype=dtype))


def without_autocast(backward: Callable) -> Callable:
    """Let a backward pass compute in the types of its tensors where it is called under autocast."""

    @functools.wraps(backward)
    def run(ctx, grad):
        device_type = grad.device.type
        if autocast_dtype(device_type) is None:
            return backward(ctx, grad)
        with torch.autocast(device_type, enabled=False):
            return backward(ctx, grad)

    return run
