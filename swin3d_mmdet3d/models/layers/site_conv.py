"""Sparse convolution from given sites to given sites: gather, multiply, add, without any library.

out[m] = sum over offsets k with a site n at m + k of feats[n] W[k]
"""

from __future__ import annotations

import math
from typing import Any, Optional

import torch
from swin3d_ops.site_conv import kernels_serve, site_conv
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from swin3d_mmdet3d.structures import FeatureLevel, KernelMap, SparseVoxels, kernel_map_between


class _KernelMapProduct(torch.autograd.Function):
    """The PyTorch form. Keeps the input features alone for the backward pass and gathers them again there."""

    @staticmethod
    def forward(ctx: Any, feats: Tensor, weight: Tensor, pairs: KernelMap) -> Tensor:
        ctx.save_for_backward(feats, weight)
        ctx.pairs = pairs
        out = feats.new_zeros(pairs.num_targets, weight.shape[2])
        for block in pairs.blocks:
            part = out[block.start : block.stop]
            for offset, source, target in block.pairs():
                part.index_add_(0, target, feats.index_select(0, source) @ weight[offset])
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Optional[Tensor], Optional[Tensor], None]:
        feats, weight = ctx.saved_tensors
        needs_feats, needs_weight = ctx.needs_input_grad[:2]
        grad_feats = torch.zeros_like(feats) if needs_feats else None
        grad_weight = torch.zeros_like(weight) if needs_weight else None
        for block in ctx.pairs.blocks:
            part = grad[block.start : block.stop]
            for offset, source, target in block.pairs():
                rows = part.index_select(0, target)
                if needs_feats:
                    grad_feats.index_add_(0, source, rows @ weight[offset].t())
                if needs_weight:
                    grad_weight[offset].addmm_(feats.index_select(0, source).t(), rows)
        return grad_feats, grad_weight, None


def multiply_by_map(feats: Tensor, weight: Tensor, pairs: KernelMap) -> Tensor:
    """Sum ``feats[n] @ weight[k]`` over the pairs (k, n) of each output.

    Args:
        feats: ``(N, C_in)``.
        weight: ``(C_out, ..., C_in)``; the axes between are those of the offsets, as ``k, k, k`` in the order
            x, y, z.
        pairs: Map of N inputs to M outputs under as many offsets.

    Returns:
        ``(M, C_out)`` in the weight's precision: autocast does not reach here.
    """
    with torch.autocast(feats.device.type, enabled=False):
        kernel = weight.movedim(0, -1).flatten(0, -3).contiguous()
        feats = feats.to(weight.dtype)
        if kernels_serve(feats.device.type):
            return site_conv(feats, kernel, pairs.pairs)
        return _KernelMapProduct.apply(feats, kernel, pairs)


class SiteConv3d(nn.Module):
    """Sparse convolution without bias whose outputs sit at given voxels.

    At a level's own voxels it is a submanifold convolution; at the parents of its voxels, a strided one
    that makes no site where no voxel is. It runs on every device and in float64, and layers that share
    their voxels share the search for neighbours.

    Args:
        in_channels: Width of the input features.
        out_channels: Width of the output features.
        kernel_size: Edge of the kernel in voxels of the input level. Odd kernels are centred, even ones
            reach towards higher coordinates.

    Attributes:
        weight: ``(C_out, k, k, k, C_in)``, spatial axes in the order x, y, z, as spconv's.

    Source: generalised sparse convolution, arXiv 1904.08755, section 3; offsets as in MinkowskiEngine.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int = 3) -> None:
        super().__init__()
        if kernel_size < 1:
            raise ValueError(f'kernel_size must be at least 1, got {kernel_size}')
        self.kernel_size = kernel_size
        self.weight = nn.Parameter(torch.empty(out_channels, *[kernel_size] * 3, in_channels))
        nn.init.uniform_(self.weight, *uniform_bounds(self.weight))

    def forward(self, level: FeatureLevel, targets: Optional[SparseVoxels] = None) -> Tensor:
        """Convolve ``(N, C_in)`` features of ``level`` to ``(M, C_out)`` at ``targets``.

        Args:
            level: Features and their voxels.
            targets: Output voxels, multiples of the level's stride; the level's own without any.

        Raises:
            ValueError: If the strides do not fit.
        """
        feats, voxels = level
        if targets is None or targets is voxels:
            return multiply_by_map(feats, self.weight, voxels.kernel_map(self.kernel_size))
        if targets.stride % voxels.stride:
            raise ValueError(
                f'targets must have a stride that is a multiple of {voxels.stride}, got {targets.stride}'
            )
        grid = voxels.at(targets.coords, voxels.stride).grid_coords
        pairs = kernel_map_between(voxels.grid_coords, grid, self.kernel_size)
        return multiply_by_map(feats, self.weight, pairs)

    def extra_repr(self) -> str:
        """Widths and kernel size, for printing."""
        return f'{self.weight.shape[-1]}, {self.weight.shape[0]}, kernel_size={self.kernel_size}'


def uniform_bounds(weight: Tensor) -> tuple[float, float]:
    """Bounds of PyTorch's own convolutions for a weight ``(C_out, k, k, k, C_in)``."""
    bound = 1 / math.sqrt(weight[0].numel())
    return -bound, bound
