"""Sparse convolution written to be read: gather, multiply and add under each offset."""

from __future__ import annotations

import torch

from .kernel_map import KernelMap


def sparse_conv(feats: torch.Tensor, weight: torch.Tensor, kernel_map: KernelMap) -> torch.Tensor:
    """Compute out[m] = sum over pairs (k, n) of m of feats[n] @ weight[k]."""
    dtype, wide = feats.dtype, torch.promote_types(feats.dtype, torch.float32)
    feats, weight = feats.to(wide), weight.to(wide)
    out = feats.new_zeros(kernel_map.num_targets, weight.shape[2])
    source, target = kernel_map.source.long(), kernel_map.target.long()
    bounds = kernel_map.ptr.tolist()
    for k, (low, high) in enumerate(zip(bounds[:-1], bounds[1:])):
        out = out.index_add(0, target[low:high], feats[source[low:high]] @ weight[k])
    return out.to(dtype)
