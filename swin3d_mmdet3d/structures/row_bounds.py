"""Rows that are grouped by batch item: from each row's item to the bounds of the items, and back."""

from __future__ import annotations

import torch
from torch import Tensor


def bounds_of_items(item: Tensor, num_items: int) -> Tensor:
    """Bounds ``(B + 1,)`` int64 of B batch items: rows of item b are ``bounds[b]:bounds[b + 1]``.

    Args:
        item: ``(N,)`` int64 ascending, the item of each row.
        num_items: B.
    """
    # unlike bincount this takes no memory for the numbers that items should not have
    return torch.searchsorted(item.contiguous(), torch.arange(num_items + 1, device=item.device))


def items_of_rows(bounds: Tensor, num_rows: int) -> Tensor:
    """The batch item ``(N,)`` int64 of each of ``num_rows`` rows with the bounds ``(B + 1,)``."""
    items = torch.arange(len(bounds) - 1, device=bounds.device)
    return torch.repeat_interleave(items, bounds.diff(), output_size=num_rows)
