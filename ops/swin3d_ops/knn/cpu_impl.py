"""Nearest neighbours by the grid search of the CPU library, as an operator of torch."""

from __future__ import annotations

import ctypes

import torch

from .. import cpu_runtime, registration


def knn(query, source, k, query_ptr, source_ptr):
    """Search a uniform grid; see the front door for the arguments."""
    return _search(query, source, k, query_ptr, source_ptr)


def _knn(query, source, k, query_ptr, source_ptr):
    query, source = query.contiguous(), source.contiguous()
    index, distance = empty_result(query, k)
    cpu_runtime.call(
        'knn', query.dtype, cpu_runtime.pointer(query), cpu_runtime.pointer(source), ctypes.c_int64(k),
        cpu_runtime.pointer(query_ptr.contiguous()), cpu_runtime.pointer(source_ptr.contiguous()),
        ctypes.c_int64(len(query_ptr) - 1), cpu_runtime.pointer(index), cpu_runtime.pointer(distance),
    )  # fmt: skip
    return index, distance


def empty_result(query: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return memory for rows and distances, (M, k) each."""
    shape = (query.shape[0], k)
    return query.new_empty(shape, dtype=torch.int64), query.new_empty(shape)


def _fake_knn(query, source, k, query_ptr, source_ptr):
    return empty_result(query, k)


_search = registration.define(
    'knn',
    '(Tensor query, Tensor source, int k, Tensor query_ptr, Tensor source_ptr) -> (Tensor, Tensor)',
    _knn,
    _fake_knn,
)
