"""GELU and the linear layer behind it, without keeping what lies between for the backward pass."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable


class GELULinear(torch.autograd.Function):
    """``Linear(GELU(x))`` that recomputes the GELU in the backward pass.

    A feed-forward of ratio 4 keeps 8 of the some 16 C floats that a block holds per voxel until its backward
    pass: the input of the GELU and its output. The output is cheap to make again.
    """

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """Map ``(N, C_in)`` to ``(N, C_out)`` by ``weight`` ``(C_out, C_in)`` and ``bias`` ``(C_out,)``."""
        ctx.save_for_backward(hidden, weight)
        return F.linear(F.gelu(hidden), weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Gradients of the three inputs; under autocast ``grad`` may be narrower than the weight."""
        hidden, weight = ctx.saved_tensors
        inner = torch.ops.aten.gelu_backward(grad @ weight.to(grad.dtype), hidden.to(grad.dtype))
        active = F.gelu(hidden).to(grad.dtype)
        grad_weight = (grad.t() @ active).to(weight.dtype)
        return inner.to(hidden.dtype), grad_weight, grad.sum(0).to(weight.dtype)
