"""The original's algorithm in PyTorch: every pair of a window is listed and carries its own numbers."""

from __future__ import annotations

import torch
from swin3d_ops.window_attention.table_rows import table_row


def explicit_pairs(q, k, v, q_table, k_table, v_table, signals, table_rows, windows) -> torch.Tensor:
    """Compute window attention from pair lists, tables summed per pair (M x H x D intermediate tensors)."""
    return attend_pairs(q, k, v, q_table, k_table, v_table, signals, table_rows, *list_pairs(windows))


def attend_pairs(q, k, v, q_table, k_table, v_table, signals, table_rows, i, j) -> torch.Tensor:
    """Compute window attention of the pairs of queries i and keys j."""
    rows = pair_rows(signals, table_rows, i, j)
    query, key = q[i] * q.shape[2] ** -0.5, k[j]
    logits = (query * (key + sum(q_table[row] for row in rows))).sum(2)
    logits = logits + (key * sum(k_table[row] for row in rows)).sum(2)
    weight = pair_softmax(logits, i, len(q))
    value = v[j] + sum(v_table[row] for row in rows)
    return torch.zeros_like(q).index_add(0, i, weight[:, :, None] * value)


def table_products(q, k, v, q_table, k_table, v_table, signals, table_rows, windows) -> torch.Tensor:
    """Compute the same from products of tokens and whole tables, which the pairs look up: the leanest form.

    Of the forms that list pairs it is the one that a whole network can be trained with: nothing is as large
    as pairs x channels but the values.
    """
    i, j = list_pairs(windows)
    num_tokens, num_rows = len(q), len(q_table)
    query_side = torch.einsum('nhd,rhd->nrh', q * q.shape[2] ** -0.5, q_table).flatten(0, 1)
    key_side = torch.einsum('nhd,rhd->nrh', k, k_table).flatten(0, 1)
    logits = (q[i] * k[j]).sum(2) * q.shape[2] ** -0.5
    rows = pair_rows(signals, table_rows, i, j)
    for row in rows:
        logits = logits + query_side[i * num_rows + row] + key_side[j * num_rows + row]
    weight = pair_softmax(logits, i, num_tokens)
    histogram = weight.new_zeros(num_tokens * num_rows, q.shape[1])
    for row in rows:
        histogram = histogram.index_add(0, i * num_rows + row, weight)
    histogram = histogram.view(num_tokens, num_rows, -1)
    out = torch.zeros_like(q).index_add(0, i, weight[:, :, None] * v[j])
    return out + torch.einsum('nrh,rhd->nhd', histogram, v_table)


def pair_rows(signals, table_rows, i, j) -> list[torch.Tensor]:
    """Return the table row of each pair on each axis, (M,) int64."""
    rows, offset = [], 0
    for axis, count in enumerate(table_rows):
        rows.append(offset + table_row(signals[i, axis], signals[j, axis], count))
        offset += count
    return rows


def pair_softmax(logits, i, num_tokens: int) -> torch.Tensor:
    """Normalise the logits (M, H) of the pairs of each query i."""
    target = i[:, None].expand_as(logits)
    most = logits.new_full((num_tokens, logits.shape[1]), -torch.inf)
    most = most.scatter_reduce(0, target, logits.detach(), 'amax')
    weight = torch.exp(logits - most[i])
    return weight / torch.zeros_like(most).index_add(0, i, weight)[i]


def list_pairs(windows) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the (query, key) rows of all pairs that share a window, each (M,) int64."""
    counts = windows.ptr.diff()
    squares = counts * counts
    window = torch.repeat_interleave(torch.arange(len(counts), device=counts.device), squares)
    number = torch.arange(len(window), device=counts.device) - (squares.cumsum(0) - squares)[window]
    start, size = windows.ptr[window], counts[window]
    return windows.order[start + number // size], windows.order[start + number % size]
