"""Resampling by embedding bags: rows are reduced as they are read, never gathered."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from . import reference

BAG_MAXIMUM = 2
"""The mode of ``torch.embedding_bag`` that takes maxima; its fourth result are the rows they come from."""


def gather_max(feats: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    """Compute out_m = max_k feats[index_mk]."""
    if _is_empty(feats, index):
        return reference.gather_max(feats, index)
    return feats.gather(0, _rows_of_maxima(_widened(feats.detach()), index))


def linear_gather_max(feats: torch.Tensor, weight: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    """Compute out_m = max_k (feats weight^T)[index_mk]."""
    return gather_max(F.linear(feats, weight), index)


def interpolate(feats: torch.Tensor, index: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Compute out_m = sum_k weight_mk feats[index_mk], (M, C) in the dtype of ``weight``."""
    if _is_empty(feats, index):
        return reference.interpolate(feats, index, weight)
    wide = F.embedding_bag(index, _widened(feats), mode='sum', per_sample_weights=_widened(weight))
    return wide.to(weight.dtype)


def _is_empty(feats: torch.Tensor, index: torch.Tensor) -> bool:
    """Whether there is nothing to gather, which embedding bags cannot differentiate."""
    return not len(index) or not feats.shape[1]


def _rows_of_maxima(feats: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    """Return the row (M, C) that gives each maximum: the first of equals, and a NaN before all, as torch.max.

    An embedding bag passes over NaN, so it stands for infinity, which itself steps down.
    """
    ordered = feats.nan_to_num(nan=torch.inf, posinf=torch.finfo(feats.dtype).max, neginf=-torch.inf)
    offsets = torch.arange(0, index.numel(), index.shape[1], device=index.device)
    return torch.embedding_bag(ordered, index.flatten(), offsets, mode=BAG_MAXIMUM)[3]


def _widened(values: torch.Tensor) -> torch.Tensor:
    return values.float() if values.dtype in (torch.float16, torch.bfloat16) else values
