"""Sparse convolution in vectorised PyTorch: gather, multiply and add, block of outputs after block."""

from __future__ import annotations

from typing import Any

import torch
from torch.autograd.function import once_differentiable

from .kernel_map import KernelMap


class _SparseConv(torch.autograd.Function):
    """Keeps the input features alone for the backward pass and gathers them again there."""

    @staticmethod
    def forward(ctx: Any, feats: torch.Tensor, weight: torch.Tensor, kernel_map: KernelMap) -> torch.Tensor:
        ctx.save_for_backward(feats, weight)
        ctx.kernel_map = kernel_map
        out = feats.new_zeros(kernel_map.num_targets, weight.shape[2])
        for block in kernel_map.blocks:
            part = out[block.start : block.stop]
            for offset, source, target in block.pairs():
                part.index_add_(0, target, feats.index_select(0, source) @ weight[offset])
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor | None, torch.Tensor | None, None]:
        with torch.autocast(grad.device.type, enabled=False):  # that of the caller of backward()
            return _SparseConv._gradients(ctx, grad)

    @staticmethod
    def _gradients(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor | None, torch.Tensor | None, None]:
        feats, weight = ctx.saved_tensors
        needs_feats, needs_weight = ctx.needs_input_grad[:2]
        grad_feats = torch.zeros_like(feats) if needs_feats else None
        grad_weight = torch.zeros_like(weight) if needs_weight else None
        for block in ctx.kernel_map.blocks:
            part = grad[block.start : block.stop]
            for offset, source, target in block.pairs():
                rows = part.index_select(0, target)
                if needs_feats:
                    grad_feats.index_add_(0, source, rows @ weight[offset].t())
                if needs_weight:
                    grad_weight[offset].addmm_(feats.index_select(0, source).t(), rows)
        return grad_feats, grad_weight, None


def sparse_conv(feats: torch.Tensor, weight: torch.Tensor, kernel_map: KernelMap) -> torch.Tensor:
    """Compute out[m] = sum over pairs (k, n) of m of feats[n] @ weight[k]; 16-bit floats in float32."""
    dtype = feats.dtype
    if dtype in (torch.float16, torch.bfloat16):
        feats, weight = feats.float(), weight.float()
    return _SparseConv.apply(feats, weight.contiguous(), kernel_map).to(dtype)
