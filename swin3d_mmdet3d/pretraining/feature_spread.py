"""How far a set of features is from collapse to one vector."""

from __future__ import annotations

import torch
from torch import Tensor


@torch.no_grad()
def feature_spread(feats: Tensor) -> Tensor:
    """Standard deviation of unit features ``(N, C)`` over rows, times sqrt(C): 1 spread out, 0 collapsed.

    Source: arXiv 2011.10566 (SimSiam), section 4.1.
    """
    unit = torch.nn.functional.normalize(feats.float(), dim=1)
    return unit.std(dim=0, unbiased=False).mean() * feats.shape[1] ** 0.5


def spreads(**feats: Tensor) -> dict[str, Tensor]:
    """The spread of features ``(M, C)`` by their names, where there are two rows or more to tell it by."""
    return {name: feature_spread(rows) for name, rows in feats.items() if len(rows) > 1}
