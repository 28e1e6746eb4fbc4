"""Table row of a signal difference: clamp(floor((s_i - s_j) + L / 2), 0, L - 1)."""

from __future__ import annotations

import torch


def size_limit(max_rows: int, max_width: int):
    """Return the ``reason_against`` of kernels that take so many table rows and heads so wide."""

    def reason_against(q, k, v, q_table, *others) -> str | None:
        if len(q_table) <= max_rows and q.shape[2] <= max_width:
            return None
        return (
            f'the kernels take up to {max_rows} table rows and head width {max_width}, '
            f'got {len(q_table)} and {q.shape[2]}'
        )

    return reason_against


def table_row(query: torch.Tensor, key: torch.Tensor, num_rows: int) -> torch.Tensor:
    """Return the table row of each pair on one axis.

    The order of operations is part of the definition: ``(query + L / 2) - key`` rounds equal
    signals into the row below.

    Args:
        query: Signals of the queries, in bins, broadcastable with ``key``.
        key: Signals of the keys, in bins.
        num_rows: Rows L of the axis.

    Returns:
        int64 in [0, L - 1]; 0 where the difference is NaN.

    Source: arXiv 2304.06906, equation 3, with the last row as upper bound (the original lets a
    difference of the full range read the next axis).
    """
    row = torch.floor((query - key) + num_rows / 2).nan_to_num(nan=0.0)
    return row.clamp(0, num_rows - 1).long()
