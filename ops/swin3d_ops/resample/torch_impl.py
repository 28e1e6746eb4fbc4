"""Resampling by embedding bags: rows are reduced as they are read, never gathered."""

from __future__ import annotations

import torch
import torch.nn.functional as F


def gather_max(feats: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    """Compute out_m = max_k feats[index_mk]."""
    if not len(index):
        return feats[:0]
    return F.embedding_bag(index, _widened(feats), mode='max').to(feats.dtype)


def linear_gather_max(feats: torch.Tensor, weight: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    """Compute out_m = max_k (feats weight^T)[index_mk]."""
    return gather_max(F.linear(feats, weight), index)


def interpolate(feats: torch.Tensor, index: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Compute out_m = sum_k weight_mk feats[index_mk]."""
    if not len(index):
        return feats[:0]
    wide = F.embedding_bag(index, _widened(feats), mode='sum', per_sample_weights=_widened(weight))
    return wide.to(feats.dtype)


def _widened(values: torch.Tensor) -> torch.Tensor:
    return values.float() if values.dtype in (torch.float16, torch.bfloat16) else values
