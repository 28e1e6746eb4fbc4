"""Exact nearest neighbours: the k sources of the same batch item with the least |q - s|."""

from __future__ import annotations

import torch

from ..arguments import check_int, check_tensor
from ..host_transfers import reads_are_free
from ..op import Implementation, Op, cpu_kernels, cuda_kernels
from . import cpu_impl, cuda_impl, reference, torch_impl
from .probe import probe
from .values import check_values

__all__ = ['knn']

OP = Op(
    'knn',
    {
        'reference': Implementation(reference.knn),
        'torch': Implementation(torch_impl.knn),
        'cpu': cpu_kernels(cpu_impl.knn),
        'cuda': cuda_kernels(cuda_impl.knn, cuda_impl.reason_against),
    },
    probe,
)

MAX_NEIGHBOURS = 2**31 - 1


def knn(
    query: torch.Tensor,
    source: torch.Tensor,
    k: int,
    query_ptr: torch.Tensor,
    source_ptr: torch.Tensor,
    backend: str = 'auto',
    known: bool = False,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Find the k nearest sources of each query within its batch item.

    Neighbours are sorted by distance; equal distances by ascending source row. An item with
    fewer than k sources repeats its last neighbour. Distances are compared by their squares: below 1e-19
    (float32) or 1e-154 (float64) they count as equal.

    Args:
        query: (M, 3) positions, finite, float32 or float64, rows grouped by batch item. At most 5e18 in
            float32 and 3e153 in float64; together with ``source`` they extend over 0, or at least 1e-16 and
            1e-151. Other units serve beyond.
        source: (N, 3) positions, dtype of ``query``, rows grouped by batch item.
        k: Neighbours per query, in [1, 2**31).
        query_ptr: (B + 1,) integers, item b holds the queries [query_ptr[b], query_ptr[b + 1]).
        source_ptr: (B + 1,) integers, likewise for the sources.
        backend: 'auto', 'reference', 'torch', 'cpu' or 'cuda'.
        known: Whether positions and bounds on a GPU are known to be right, as those of levels of voxels are:
            then nothing waits for a look at them. On the CPU they get one.

    Returns:
        index: (M, k) int64 rows of ``source``.
        distance: (M, k) Euclidean distances in the units of the positions, ascending.

    Raises:
        TypeError: An argument of the wrong type or dtype.
        ValueError: A wrong shape, an inconsistent ptr, a value that is not finite or out of range, or an
            item with queries and no source.
    """
    _check_positions(query, source)
    check_int('k', k, 1, MAX_NEIGHBOURS)
    _check_ptr(query_ptr, source_ptr)
    if not known or reads_are_free(query):
        check_values(query, source, query_ptr, source_ptr)
    bounds = (ptr.to(query.device, torch.int64) for ptr in (query_ptr, source_ptr))
    arguments = query.detach(), source.detach(), k, *bounds
    return OP.run(OP.choose(query.device.type, backend, *arguments), *arguments)


def _check_positions(query, source) -> None:
    for name, tensor in (('query', query), ('source', source)):
        check_tensor(name, tensor)
        if tensor.dtype not in (torch.float32, torch.float64):
            raise TypeError(f'{name} must be float32 or float64, got {tensor.dtype}')
        if tensor.ndim != 2 or tensor.shape[1] != 3:
            raise ValueError(f'{name} must have shape (rows, 3), got {tuple(tensor.shape)}')
    if source.dtype != query.dtype:
        raise TypeError(f'source must have the dtype of query, {query.dtype}, got {source.dtype}')
    if source.device != query.device:
        raise ValueError(f'source must be on {query.device} as query, got {source.device}')
    if len(query) and not len(source):
        raise ValueError(f'source must have rows, got none for {len(query)} queries')


def _check_ptr(query_ptr, source_ptr) -> None:
    for name, ptr in (('query_ptr', query_ptr), ('source_ptr', source_ptr)):
        check_tensor(name, ptr)
        if ptr.dtype not in (torch.int32, torch.int64):
            raise TypeError(f'{name} must be an int32 or int64 tensor, got {ptr.dtype}')
        if ptr.ndim != 1 or not len(ptr):
            raise ValueError(f'{name} must have shape (B + 1,), got {tuple(ptr.shape)}')
    if len(query_ptr) != len(source_ptr):
        raise ValueError(
            f'source_ptr must have the length of query_ptr, {len(query_ptr)}, got {len(source_ptr)}'
        )
