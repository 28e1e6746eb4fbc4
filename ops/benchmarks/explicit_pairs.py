"""The original's algorithm in PyTorch: every pair of a window is listed, tables are summed per pair."""

from __future__ import annotations

import torch
from swin3d_ops.window_attention.table_rows import table_row


def explicit_pairs(q, k, v, q_table, k_table, v_table, signals, table_rows, windows) -> torch.Tensor:
    """Compute window attention from pair lists (M pairs, M x H x D intermediate tensors)."""
    i, j = list_pairs(windows)
    offset, rows = 0, []
    for axis, count in enumerate(table_rows):
        rows.append(offset + table_row(signals[i, axis], signals[j, axis], count))
        offset += count
    query, key = q[i] * q.shape[2] ** -0.5, k[j]
    logits = (query * (key + sum(q_table[row] for row in rows))).sum(2)
    logits = logits + (key * sum(k_table[row] for row in rows)).sum(2)
    target = i[:, None].expand_as(logits)
    most = torch.full(q.shape[:2], -torch.inf).scatter_reduce(0, target, logits.detach(), 'amax')
    weight = torch.exp(logits - most[i])
    weight = weight / torch.zeros(q.shape[:2]).index_add(0, i, weight)[i]
    value = v[j] + sum(v_table[row] for row in rows)
    return torch.zeros_like(q).index_add(0, i, weight[:, :, None] * value)


def list_pairs(windows) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the (query, key) rows of all pairs that share a window, each (M,) int64."""
    counts = windows.ptr.diff()
    squares = counts * counts
    window = torch.repeat_interleave(torch.arange(len(counts)), squares)
    number = torch.arange(len(window)) - (squares.cumsum(0) - squares)[window]
    start, size = windows.ptr[window], counts[window]
    return windows.order[start + number // size], windows.order[start + number % size]
