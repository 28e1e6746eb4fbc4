"""Window attention in vectorised PyTorch: windows of similar size are padded and batched.

In large windows tables meet queries and keys by one matrix product per voxel, (n, D) x (D, R), and the pairs
only look them up; the value table is read through a histogram of the weights over its rows. In windows
of a few voxels that would be mostly waste, and each pair sums its own table rows. Where activations are many,
chunks are recomputed in the backward pass, so memory stays linear in the number of voxels.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch.utils.checkpoint import checkpoint

from .table_rows import table_row

CHUNK_ELEMENTS = 1 << 23
KEPT_ELEMENTS = 1 << 27
SMALL_WINDOW = 4


def window_attention(
    q, k, v, q_table, k_table, v_table, signals, table_rows, order, ptr, scale, _product_dtype
) -> torch.Tensor:
    """Compute window attention by size buckets; see the front door for the arguments."""
    dtype = q.dtype
    if dtype in (torch.float16, torch.bfloat16):
        q, k, v, q_table, k_table, v_table = (t.float() for t in (q, k, v, q_table, k_table, v_table))
    tensors = (q, k, v, q_table, k_table, v_table, signals)
    parts, places = [], []
    chunks, elements = _padded_chunks(order, ptr, q.shape[1], q.shape[2], table_rows)
    keep = not torch.is_grad_enabled() or elements <= KEPT_ELEMENTS
    for voxels, valid in chunks:
        attend = _attend_directly if table_rows and voxels.shape[1] <= SMALL_WINDOW else _attend
        arguments = (*tensors, table_rows, voxels, valid, scale)
        if keep:
            part = attend(*arguments)
        else:
            part = checkpoint(attend, *arguments, use_reentrant=False, preserve_rng_state=False)
        parts.append(part)
        places.append(voxels[valid])
    if not parts:
        # No rows, yet every input stays in the graph and gets a zero gradient.
        return (q + k + v + q_table.sum(0) + k_table.sum(0) + v_table.sum(0)).to(dtype)
    position = torch.empty_like(order)
    position[torch.cat(places)] = torch.arange(len(order), device=order.device)
    return torch.cat(parts)[position].to(dtype)


def _padded_chunks(order, ptr, num_heads, width, table_rows):
    """Return chunks (voxels, valid), both (B, n), of windows of similar size, and their activations.

    A chunk makes about ``CHUNK_ELEMENTS`` numbers, or is one window.
    """
    counts = ptr.diff()
    bounds = [0]
    largest = int(counts.max()) if len(counts) else 0
    while bounds[-1] < largest:
        step = 1 if bounds[-1] < SMALL_WINDOW else 2
        bounds.append(max(bounds[-1] + step, bounds[-1] * 5 // 4))
    chunks, elements = [], 0
    for low, high in zip(bounds[:-1], bounds[1:]):
        chosen = ((counts > low) & (counts <= high)).nonzero().squeeze(1)
        if not len(chosen):
            continue
        size = int(counts[chosen].max())
        if size <= SMALL_WINDOW:
            per_window = size * size * (6 * num_heads * width + len(table_rows))
        else:
            per_window = num_heads * size * (4 * size + 3 * sum(table_rows))
        elements += per_window * len(chosen)
        place = torch.arange(size, device=order.device)
        for part in chosen.split(max(1, CHUNK_ELEMENTS // per_window)):
            valid = place < counts[part, None]
            rows = torch.where(valid, ptr[part, None] + place, ptr[part, None])
            chunks.append((order[rows], valid))
    return chunks, elements


def _rows_of_pairs(signals, table_rows, voxels) -> list[torch.Tensor]:
    """Return the table row of each pair on each axis, (B, n, n)."""
    rows, offset = [], 0
    for axis, num_rows in enumerate(table_rows):
        column = signals[voxels, axis]  # (B, n)
        rows.append(offset + table_row(column[:, :, None], column[:, None, :], num_rows))
        offset += num_rows
    return rows


def _attend(q, k, v, q_table, k_table, v_table, signals, table_rows, voxels, valid, scale):
    """Return the outputs of the valid voxels of one chunk, (number of valid, H, D)."""
    qi, kj, vj = (t[voxels].transpose(1, 2) for t in (q * scale, k, v))  # (B, H, n, D)
    logits = qi @ kj.transpose(2, 3)  # (B, H, n, n)
    query_side = qi @ q_table.permute(1, 2, 0)  # (B, H, n, R)
    key_side = kj @ k_table.permute(1, 2, 0)
    rows = [
        row[:, None].expand(-1, q.shape[1], -1, -1) for row in _rows_of_pairs(signals, table_rows, voxels)
    ]
    for row in rows:
        logits = logits + query_side.gather(3, row)
        logits = logits + key_side.gather(3, row.transpose(2, 3)).transpose(2, 3)
    logits = logits.masked_fill(~valid[:, None, None, :], -torch.inf)
    weight = torch.softmax(logits, dim=3)
    histogram = weight.new_zeros(*weight.shape[:3], sum(table_rows))
    for row in rows:
        histogram = histogram.scatter_add(3, row, weight)
    out = weight @ vj + histogram @ v_table.transpose(0, 1)
    return out.transpose(1, 2)[valid]


def _attend_directly(q, k, v, q_table, k_table, v_table, signals, table_rows, voxels, valid, scale):
    """Return the same for windows of a few voxels: table rows are summed pair by pair.

    An infinite key is NaN here: met by rows one at a time, its terms may be infinities of both signs.
    """
    pairs = torch.stack(_rows_of_pairs(signals, table_rows, voxels), dim=3)  # (B, n, n, S)
    shape = (*pairs.shape[:3], *q.shape[1:])  # (B, n, n, H, D)
    bags = pairs.flatten(0, 2)
    query_rows, key_rows, value_rows = (
        F.embedding_bag(bags, table.flatten(1), mode='sum').view(shape)
        for table in (q_table, k_table, v_table)
    )
    qi, kj, vj = (q * scale)[voxels][:, :, None], (k + 0 * k)[voxels][:, None], v[voxels][:, None]
    logits = (qi * (kj + query_rows) + kj * key_rows).sum(4)  # (B, n, n, H)
    logits = logits.masked_fill(~valid[:, None, :, None], -torch.inf)
    weight = torch.softmax(logits, dim=2)
    return (weight[..., None] * (vj + value_rows)).sum(2)[valid]
