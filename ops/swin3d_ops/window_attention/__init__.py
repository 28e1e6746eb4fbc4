"""Window attention with contextual relative signal encoding (cRSE).

row_a(i, j) = sum(table_rows[:a]) + clamp(floor(s_i[a] - s_j[a] + L_a / 2), 0, L_a - 1)
logit_ij = scale q_i . k_j + sum_a scale q_i . Tq[row_a(i, j)] + sum_a k_j . Tk[row_a(i, j)]
out_i = sum_j softmax_j(logit_ij) (v_j + sum_a Tv[row_a(i, j)])
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real

import torch

from ..arguments import check_floats, once_a_kind
from ..autocast import reads_16_bits_on_gpus
from ..op import Implementation, Op, cpu_kernels, cuda_kernels
from ..precision import narrow_products
from ..window_index import WindowIndex, check_partition
from . import cpu_impl, cuda_impl, reference, torch_impl
from .probe import probe

__all__ = ['window_attention']

OP = Op(
    'window_attention',
    {
        'reference': Implementation(reference.window_attention),
        'torch': Implementation(torch_impl.window_attention),
        'cpu': cpu_kernels(cpu_impl.window_attention, cpu_impl.reason_against),
        'cuda': cuda_kernels(cuda_impl.window_attention, cuda_impl.reason_against),
    },
    probe,
)


def window_attention(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    q_table: torch.Tensor,
    k_table: torch.Tensor,
    v_table: torch.Tensor,
    signals: torch.Tensor,
    table_rows: Sequence[int],
    windows: WindowIndex,
    scale: float | None = None,
    precision: str | None = None,
    backend: str = 'auto',
) -> torch.Tensor:
    """Attend over all voxels of each window, with cRSE tables on query, key and value.

    Differentiable in q, k, v and the three tables, each gradient in the dtype of its tensor. Logits, softmax
    and sums are in float32 or better; see :mod:`swin3d_ops.autocast` for mixed precision. As in the original,
    the key-table term is not multiplied by ``scale``. Signals that differ by more than
    a table covers use its first or last row; a NaN difference uses row 0. NaN and infinite inputs go
    through as in PyTorch: a logit of +inf, or beyond the range of the dtype, gives NaN, one of -inf weight 0.

    Args:
        q, k, v: (N, H, D) float, one dtype.
        q_table, k_table, v_table: (R, H, D), one dtype: that of q, or float32 where q is of 16 bits; the rows
            of axis after axis.
        signals: (N, S) float32 or float64, in table bins.
        table_rows: S integers, rows L_a of each axis; they sum to R.
        windows: Partition of the N voxels, from :func:`swin3d_ops.partition_windows`. On the CPU its values
            are looked at in every call, backward included; on a GPU once, and again after a write that
            torch counts.
        scale: Factor of the query, by default ``D ** -0.5``.
        precision: What operands of products may be rounded to: 'float32' for nothing, or 'bfloat16', to which
            the CPU kernels round those of heads of more than 8 channels, in both passes, on processors with
            AVX512-BF16; None for autocast's type where it is on, else what ``SWIN3D_PRECISION`` names, else
            'float32'. float64 stays as it is.
        backend: 'auto', 'reference', 'torch', 'cpu' or 'cuda'.

    Returns:
        (N, H, D), dtype of q.

    Raises:
        TypeError: An argument of the wrong type or dtype.
        ValueError: A wrong shape, device or precision, windows that are no partition, or a back-end that
            cannot run.

    Source: arXiv 2304.06906, equations 4-6.
    """
    check_floats('q', q)
    narrow = narrow_products(q, precision)
    return _run(
        q, k, v, q_table, k_table, v_table, signals, table_rows, windows, scale, narrow, backend
    )  # fmt: skip


@reads_16_bits_on_gpus
def _run(
    q, k, v, q_table, k_table, v_table, signals, table_rows, windows, scale, narrow, backend
) -> torch.Tensor:
    if not isinstance(table_rows, Sequence):
        raise TypeError(f'table_rows must be a sequence of ints, got {type(table_rows).__name__}')
    if scale is not None and not isinstance(scale, Real):
        raise TypeError(f'scale must be a number, got {type(scale).__name__}')
    table_rows = tuple(table_rows)
    _check_tensors(q, k, v, q_table, k_table, v_table, signals)
    _check_structure(q, q_table, signals, table_rows, windows)
    scale = q.shape[2] ** -0.5 if scale is None else _as_float(scale)
    arguments = (
        q, k, v, q_table, k_table, v_table, signals.detach(), table_rows, windows.order, windows.ptr, scale,
        narrow or q.dtype,
    )  # fmt: skip
    name = OP.choose(q.device.type, backend, *arguments)
    _check_values(windows, name)
    return OP.run(name, *arguments)


def _as_float(scale: Real) -> float:
    try:
        return float(scale)
    except OverflowError as error:
        raise ValueError('scale must be within the range of float64') from error


@once_a_kind
def _check_tensors(q, k, v, q_table, k_table, v_table, signals) -> None:
    named = dict(q=q, k=k, v=v, q_table=q_table, k_table=k_table, v_table=v_table, signals=signals)
    for name, tensor in named.items():
        check_floats(name, tensor)
        if tensor.device != q.device:
            raise ValueError(f'{name} must be on {q.device} as q, got {tensor.device}')
        if name in ('k', 'v') and tensor.dtype != q.dtype:
            raise TypeError(f'{name} must have the dtype of q, {q.dtype}, got {tensor.dtype}')
    _check_dtype_of_tables(q.dtype, q_table, k_table, v_table)
    if signals.dtype not in (torch.float32, torch.float64):
        raise TypeError(f'signals must be float32 or float64, got {signals.dtype}')
    if q.ndim != 3 or 0 in q.shape[1:]:
        raise ValueError(f'q must have shape (N, H, D), got {tuple(q.shape)}')
    for name in ('k', 'v'):
        if named[name].shape != q.shape:
            raise ValueError(
                f'{name} must have the shape of q, {tuple(q.shape)}, got {tuple(named[name].shape)}'
            )
    if signals.ndim != 2 or signals.shape[0] != q.shape[0]:
        raise ValueError(f'signals must have shape ({len(q)}, S), got {tuple(signals.shape)}')
    for name in ('q_table', 'k_table', 'v_table'):
        table = named[name]
        if table.shape != q_table.shape or table.ndim != 3 or table.shape[1:] != q.shape[1:]:
            raise ValueError(
                f'{name} must have shape (R, {q.shape[1]}, {q.shape[2]}), got {tuple(table.shape)}'
            )


def _check_dtype_of_tables(dtype, q_table, k_table, v_table) -> None:
    if q_table.dtype not in (dtype, torch.promote_types(dtype, torch.float32)):
        wide = ', or float32' if dtype in (torch.float16, torch.bfloat16) else ''
        raise TypeError(f'q_table must have the dtype of q, {dtype}{wide}, got {q_table.dtype}')
    for name, table in (('k_table', k_table), ('v_table', v_table)):
        if table.dtype != q_table.dtype:
            raise TypeError(f'{name} must have the dtype of q_table, {q_table.dtype}, got {table.dtype}')


def _check_structure(q, q_table, signals, table_rows, windows) -> None:
    if not all(isinstance(rows, int) and rows >= 1 for rows in table_rows):
        raise ValueError(f'table_rows must be positive ints, got {table_rows}')
    if len(table_rows) != signals.shape[1]:
        raise ValueError(
            f'table_rows must have one entry per signal column ({signals.shape[1]}), got {len(table_rows)}'
        )
    if sum(table_rows) != q_table.shape[0]:
        raise ValueError(
            f'table_rows must sum to the {q_table.shape[0]} rows of the tables, got {table_rows}'
        )
    if not isinstance(windows, WindowIndex):
        raise TypeError(f'windows must be a WindowIndex, got {type(windows).__name__}')
    windows.check(q.shape[0], q.device)


def _check_values(windows: WindowIndex, backend: str) -> None:
    """The CPU kernels look for themselves: compiled code and backward passes have no other place for it."""
    if backend == 'cpu' or torch.compiler.is_compiling():
        return
    if not (windows.order.is_cuda and windows.is_partition):
        check_partition(windows.order, windows.ptr)
