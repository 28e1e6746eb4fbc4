"""Window attention in vectorised PyTorch: windows of similar size are padded and batched.

Tables meet queries and keys by one matrix product per voxel, (n, D) x (D, R), and the pairs only
look the products up; the value table is read through a histogram of the weights over its rows.
Chunks are recomputed in the backward pass, so memory stays linear in the number of voxels.
"""

from __future__ import annotations

import torch
from torch.utils.checkpoint import checkpoint

from .table_rows import table_row

CHUNK_ELEMENTS = 1 << 23


def window_attention(
    q, k, v, q_table, k_table, v_table, signals, table_rows, order, ptr, scale
) -> torch.Tensor:
    """Compute window attention by size buckets; see the front door for the arguments."""
    dtype = q.dtype
    if dtype in (torch.float16, torch.bfloat16):
        q, k, v, q_table, k_table, v_table = (t.float() for t in (q, k, v, q_table, k_table, v_table))
    with torch.autocast(q.device.type, enabled=False):
        parts, places = [], []
        for voxels, valid in _padded_chunks(order, ptr, q.shape[1], sum(table_rows)):
            arguments = (
                q, k, v, q_table, k_table, v_table, signals, table_rows, voxels, valid, scale
            )  # fmt: skip
            if torch.is_grad_enabled():
                part = checkpoint(_attend, *arguments, use_reentrant=False, preserve_rng_state=False)
            else:
                part = _attend(*arguments)
            parts.append(part)
            places.append(voxels[valid])
        if not parts:
            # No rows, yet every input stays in the graph and gets a zero gradient.
            return (q + k + v + q_table.sum(0) + k_table.sum(0) + v_table.sum(0)).to(dtype)
        position = torch.empty_like(order)
        position[torch.cat(places)] = torch.arange(len(order), device=order.device)
        return torch.cat(parts)[position].to(dtype)


def _padded_chunks(order, ptr, num_heads, num_rows):
    """Yield (voxels, valid), both (B, n): windows whose size shares a bucket, at most a chunk."""
    counts = ptr.diff()
    bounds = [0]
    largest = int(counts.max()) if len(counts) else 0
    while bounds[-1] < largest:
        bounds.append(max(bounds[-1] + 2, bounds[-1] * 5 // 4))
    for low, high in zip(bounds[:-1], bounds[1:]):
        chosen = ((counts > low) & (counts <= high)).nonzero().squeeze(1)
        if not len(chosen):
            continue
        size = int(counts[chosen].max())
        per_window = num_heads * size * (4 * size + 3 * num_rows)
        for part in chosen.split(max(1, CHUNK_ELEMENTS // per_window)):
            place = torch.arange(size, device=order.device)
            valid = place < counts[part, None]
            place = torch.where(valid, ptr[part, None] + place, ptr[part, None])
            yield order[place], valid


def _attend(q, k, v, q_table, k_table, v_table, signals, table_rows, voxels, valid, scale):
    """Return the outputs of the valid voxels of one chunk, (number of valid, H, D)."""
    qi, kj, vj = (t[voxels].transpose(1, 2) for t in (q * scale, k, v))  # (B, H, n, D)
    signal = signals[voxels]  # (B, n, S)
    num_heads = qi.shape[1]
    logits = qi @ kj.transpose(2, 3)  # (B, H, n, n)
    query_side = qi @ q_table.permute(1, 2, 0)  # (B, H, n, R)
    key_side = kj @ k_table.permute(1, 2, 0)
    rows, offset = [], 0
    for axis, num_rows in enumerate(table_rows):
        column = signal[..., axis]
        row = offset + table_row(column[:, :, None], column[:, None, :], num_rows)
        row = row[:, None].expand(-1, num_heads, -1, -1)
        logits = logits + query_side.gather(3, row)
        logits = logits + key_side.gather(3, row.transpose(2, 3)).transpose(2, 3)
        rows.append(row)
        offset += num_rows
    logits = logits.masked_fill(~valid[:, None, None, :], -torch.inf)
    weight = torch.softmax(logits, dim=3)
    histogram = weight.new_zeros(*weight.shape[:3], offset)
    for row in rows:
        histogram = histogram.scatter_add(3, row, weight)
    out = weight @ vj + histogram @ v_table.transpose(0, 1)
    return out.transpose(1, 2)[valid]
