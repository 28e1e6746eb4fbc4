"""Queries, keys, values and tables as the attention reads them, without copies of their gradients.

Each copy, be it of a few kilobytes, is a launch on a GPU, and a network has one a block and tensor.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from . import forward_alone


def split_heads(qkv: Tensor, num_heads: int) -> tuple[Tensor, Tensor, Tensor]:
    """Views ``(N, H, D)`` of queries, keys and values that lie side by side in ``(N, 3 H D)``.

    Where the three gradients are the slices of one ``(N, 3, H, D)`` buffer, that is the gradient of ``qkv``
    as it is; else they are stacked.
    """
    return forward_alone.call(_SplitHeads, qkv, num_heads)


def join_tables(tables: Sequence[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """Query, key and value tables ``(R, H, D)`` of all signals, axis after axis, by one copy.

    Args:
        tables: ``(3, rows, H, D)`` of each signal, first all those of queries, then of keys, then of values.
    """
    return forward_alone.call(_JoinTables, *tables)


class _SplitHeads(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, qkv: Tensor, num_heads: int) -> tuple[Tensor, ...]:
        voxels, channels = qkv.shape
        return qkv.view(voxels, 3, num_heads, channels // (3 * num_heads)).unbind(1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        joined = None if torch.compiler.is_compiling() else _buffer_of(grads)
        return (torch.stack(grads, dim=1) if joined is None else joined).flatten(1), None


class _JoinTables(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, *tables: Tensor) -> tuple[Tensor, ...]:
        signals = len(tables) // 3
        ctx.rows = [3 * table.shape[1] for table in tables[:signals]]
        return torch.cat([table.flatten(0, 1) for table in tables]).chunk(3)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, ...]:
        parts = [part for grad in grads for part in grad.split(ctx.rows)]
        return tuple(part.unflatten(0, (3, -1)) for part in parts)


def _buffer_of(parts: Sequence[Tensor]) -> Tensor | None:
    """``(N, 3, H, D)`` whose slices along the second axis are the three parts, or None if there is none."""
    first = parts[0]
    voxels, heads, width = first.shape
    stride = (3 * heads * width, heads * width, width, 1)
    if first.stride() != (stride[0], *stride[2:]):
        return None
    for place, part in enumerate(parts):
        shares = part.untyped_storage().data_ptr() == first.untyped_storage().data_ptr()
        offset = first.storage_offset() + place * stride[1]
        alike = part.dtype == first.dtype and part.stride() == first.stride()
        if not (shares and alike and part.storage_offset() == offset):
            return None
    return first.as_strided((voxels, 3, heads, width), stride)
