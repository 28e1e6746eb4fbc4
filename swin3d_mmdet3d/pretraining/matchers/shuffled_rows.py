"""Pairs whose partners were exchanged: the control of a method that learns from correspondences."""

from __future__ import annotations

import torch
from torch import Tensor


def shuffled_rows(rows: Tensor) -> Tensor:
    """Rows ``(M,)`` int64 with every distinct one replaced by another of them, drawn at random.

    Nothing but the correspondence is lost: as many rows are paired, each as often as before. Where all are
    one row it stays.
    """
    distinct, place = rows.unique(return_inverse=True)
    order = torch.randperm(len(distinct), device=rows.device)
    exchanged = torch.empty_like(distinct)
    exchanged[order] = distinct[order.roll(1)]
    return exchanged[place]
