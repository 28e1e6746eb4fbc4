"""The rows of all processes, with gradients back to each: keys of a contrast over the whole batch."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import torch
from mmengine.dist import all_gather, all_reduce, get_rank, get_world_size
from torch import Tensor


def gather_rows(rows: Tensor) -> tuple[Tensor, int]:
    """Join the rows of all processes, in their order.

    The gradient of a row is the sum over processes: each may compare its own rows with all. In a distributed
    run all processes must call this equally often and in the same order, with rows or without, and must use
    the result for their losses.

    Args:
        rows: ``(N, C)``; N may differ between processes, C may not.

    Returns:
        ``(M, C)``, the argument itself in a run of one process, and the index of the first of the N rows.

    Source: arXiv 2103.00020 (CLIP), whose contrast is over the batch of all devices, and arXiv 2002.05709
        (SimCLR), section 2.2.
    """
    if get_world_size() == 1:
        return rows, 0
    counts = [int(count) for count in all_gather(torch.tensor([len(rows)], device=rows.device))]
    start = [0, *accumulate(counts)][get_rank()]
    return _GatherRows.apply(rows, counts, start), start


class _GatherRows(torch.autograd.Function):
    """All-gather of unequally many rows; its backward pass adds the gradients of all processes."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, counts: list[int], start: int) -> Tensor:
        ctx.own = slice(start, start + len(rows))
        # the collective takes equal shapes alone
        padded = rows.new_zeros(max(1, *counts), rows.shape[1])
        padded[: len(rows)] = rows
        parts = all_gather(padded)
        return torch.cat([part[:count] for part, count in zip(parts, counts)])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        gradient = gradient.contiguous().clone()
        all_reduce(gradient)
        return gradient[ctx.own], None, None
