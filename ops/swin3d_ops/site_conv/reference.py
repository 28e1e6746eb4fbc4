"""Sparse convolution written to be read: gather, multiply and add under each offset."""

from __future__ import annotations

import torch

from .pairs import OffsetPairs


def site_conv(feats: torch.Tensor, weight: torch.Tensor, pairs: OffsetPairs) -> torch.Tensor:
    """Compute out[m] = sum over pairs (k, n) of m of feats[n] @ weight[k]."""
    out = feats.new_zeros(pairs.num_targets, weight.shape[2])
    bounds = pairs.ptr.tolist()
    for k, (low, high) in enumerate(zip(bounds[:-1], bounds[1:])):
        out = out.index_add(0, pairs.target[low:high], feats[pairs.source[low:high].long()] @ weight[k])
    return out
