"""Window attention written to be read: one window at a time, one (n, n, D) sum per axis."""

from __future__ import annotations

import torch

from .table_rows import table_row


def window_attention(
    q, k, v, q_table, k_table, v_table, signals, table_rows, order, ptr, scale, _product_dtype
) -> torch.Tensor:
    """Compute the equation literally; see the front door for the arguments."""
    dtype, wide = q.dtype, torch.promote_types(q.dtype, torch.float32)
    q, k, v, q_table, k_table, v_table = (tensor.to(wide) for tensor in (q, k, v, q_table, k_table, v_table))
    out = torch.zeros_like(q)
    bounds = ptr.tolist()
    for start, stop in zip(bounds[:-1], bounds[1:]):
        voxels = order[start:stop]
        qi, kj, vj = q[voxels], k[voxels], v[voxels]  # (n, H, D)
        logits = scale * torch.einsum('ihd,jhd->ijh', qi, kj)
        value = vj[None].expand(len(voxels), -1, -1, -1)  # (n, n, H, D)
        offset = 0
        for axis, num_rows in enumerate(table_rows):
            signal = signals[voxels, axis]
            row = offset + table_row(signal[:, None], signal[None, :], num_rows)  # (n, n)
            logits = logits + scale * torch.einsum('ihd,ijhd->ijh', qi, q_table[row])
            logits = logits + torch.einsum('jhd,ijhd->ijh', kj, k_table[row])
            value = value + v_table[row]
            offset += num_rows
        weight = torch.softmax(logits, dim=1)
        out = out.index_add(0, voxels, torch.einsum('ijh,ijhd->ihd', weight, value))
    return out.to(dtype)
