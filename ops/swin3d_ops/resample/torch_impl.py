"""Resampling by embedding bags: rows are reduced as they are read, never gathered."""

from __future__ import annotations

import torch
import torch.nn.functional as F


def gather_max(feats: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    """Compute out_m = max_k feats[index_mk]."""
    if not len(index):
        return feats[:0]
    return F.embedding_bag(index, feats, mode='max')


def interpolate(feats: torch.Tensor, index: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Compute out_m = sum_k weight_mk feats[index_mk]."""
    if not len(index):
        return feats[:0]
    return F.embedding_bag(index, feats, mode='sum', per_sample_weights=weight)
