"""Resampling written to be read: gather all rows, then reduce them."""

from __future__ import annotations

import torch


def gather_max(feats: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    """Compute out_m = max_k feats[index_mk]."""
    return _widened(feats)[index].max(dim=1).values.to(feats.dtype)


def linear_gather_max(feats: torch.Tensor, weight: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    """Compute out_m = max_k (feats weight^T)[index_mk]."""
    return (feats[index] @ weight.t()).max(dim=1).values


def interpolate(feats: torch.Tensor, index: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Compute out_m = sum_k weight_mk feats[index_mk], (M, C) in the dtype of ``weight``."""
    return (_widened(feats)[index] * _widened(weight)[:, :, None]).sum(dim=1).to(weight.dtype)


def _widened(values: torch.Tensor) -> torch.Tensor:
    # gradients of rows that are gathered often are sums, too
    return values.to(torch.promote_types(values.dtype, torch.float32))
