"""Exact nearest neighbours: the k sources of the same batch item with the least |q - s|."""

from __future__ import annotations

import math

import torch

from ..arguments import check_int, check_tensor
from ..op import Implementation, Op, cpu_kernels, cuda_kernels
from . import cpu_impl, cuda_impl, reference, torch_impl
from .probe import probe

__all__ = ['knn']

OP = Op(
    'knn',
    {
        'reference': Implementation(reference.knn),
        'torch': Implementation(torch_impl.knn),
        'cpu': cpu_kernels(cpu_impl.knn),
        'cuda': cuda_kernels(cuda_impl.knn),
    },
    probe,
)

MAX_NEIGHBOURS = 2**31 - 1


LARGEST = {torch.float32: 5e18, torch.float64: 3e153}
"""Positions beyond this have squared distances that overflow."""

SMALLEST = {torch.float32: 1e-16, torch.float64: 1e-151}
"""In clouds that extend over less than this, squared distances lose their digits."""


def knn(
    query: torch.Tensor,
    source: torch.Tensor,
    k: int,
    query_ptr: torch.Tensor,
    source_ptr: torch.Tensor,
    backend: str = 'auto',
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
    query_bounds = _check_ptr('query_ptr', query_ptr, len(query))
    source_bounds = _check_ptr('source_ptr', source_ptr, len(source))
    if len(query_bounds) != len(source_bounds):
        raise ValueError(
            f'source_ptr must have the length of query_ptr, {len(query_bounds)}, got {len(source_bounds)}'
        )
    for item in range(len(query_bounds) - 1):
        queries = query_bounds[item + 1] - query_bounds[item]
        if queries and source_bounds[item + 1] == source_bounds[item]:
            raise ValueError(f'source_ptr: batch item {item} has {queries} queries and no source')
    arguments = query.detach(), source.detach(), k, query_bounds, source_bounds
    return OP.run(OP.choose(query.device.type, backend, *arguments), *arguments)


def _check_positions(query, source) -> None:
    for name, tensor in (('query', query), ('source', source)):
        check_tensor(name, tensor)
        if tensor.dtype not in (torch.float32, torch.float64):
            raise TypeError(f'{name} must be float32 or float64, got {tensor.dtype}')
        if tensor.ndim != 2 or tensor.shape[1] != 3:
            raise ValueError(f'{name} must have shape (rows, 3), got {tuple(tensor.shape)}')
        _check_range(name, tensor)
    if source.dtype != query.dtype:
        raise TypeError(f'source must have the dtype of query, {query.dtype}, got {source.dtype}')
    if source.device != query.device:
        raise ValueError(f'source must be on {query.device} as query, got {source.device}')
    _check_extent(query, source)


def _check_range(name: str, positions: torch.Tensor) -> None:
    largest, limit = float(positions.abs().amax()) if len(positions) else 0.0, LARGEST[positions.dtype]
    if not math.isfinite(largest):
        raise ValueError(f'{name} must be finite, got NaN or infinity')
    if largest > limit:
        raise ValueError(f'{name} must lie in [-{limit:g}, {limit:g}], got {largest:g} in size')


def _check_extent(query: torch.Tensor, source: torch.Tensor) -> None:
    clouds = [cloud for cloud in (query, source) if len(cloud)]
    if not clouds:
        return
    high = torch.stack([cloud.amax(0) for cloud in clouds]).amax(0)
    low = torch.stack([cloud.amin(0) for cloud in clouds]).amin(0)
    extent, limit = float((high - low).amax()), SMALLEST[query.dtype]
    if 0 < extent < limit:
        raise ValueError(f'query and source must extend over at least {limit:g}, got {extent:g}')


def _check_ptr(name: str, ptr: torch.Tensor, rows: int) -> list[int]:
    check_tensor(name, ptr)
    if ptr.dtype not in (torch.int32, torch.int64):
        raise TypeError(f'{name} must be an int32 or int64 tensor, got {ptr.dtype}')
    if ptr.ndim != 1 or not len(ptr):
        raise ValueError(f'{name} must have shape (B + 1,), got {tuple(ptr.shape)}')
    bounds = ptr.tolist()
    ascending = all(low <= high for low, high in zip(bounds[:-1], bounds[1:]))
    if bounds[0] != 0 or bounds[-1] != rows or not ascending:
        raise ValueError(f'{name} must ascend from 0 to {rows}, got {bounds}')
    return bounds
