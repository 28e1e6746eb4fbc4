"""Nearest neighbours by the grid search of the CPU library, as an operator of torch."""

from __future__ import annotations

import ctypes

import torch

from .. import cpu_runtime, registration


def knn(query, source, k, query_bounds, source_bounds):
    """Search a uniform grid; see the front door for the arguments."""
    return _search(query, source, k, query_bounds, source_bounds)


def _knn(query, source, k, query_bounds, source_bounds):
    query, source = query.contiguous(), source.contiguous()
    index, distance = _fake_knn(query, source, k, query_bounds, source_bounds)
    cpu_runtime.call(
        'knn', query.dtype, cpu_runtime.pointer(query), cpu_runtime.pointer(source), ctypes.c_int64(k),
        cpu_runtime.integers(query_bounds), cpu_runtime.integers(source_bounds),
        ctypes.c_int64(len(query_bounds) - 1), cpu_runtime.pointer(index), cpu_runtime.pointer(distance),
    )  # fmt: skip
    return index, distance


def _fake_knn(query, source, k, query_bounds, source_bounds):
    shape = (query.shape[0], k)
    return query.new_empty(shape, dtype=torch.int64), query.new_empty(shape)


_search = registration.define(
    'knn',
    '(Tensor query, Tensor source, int k, int[] query_bounds, int[] source_bounds) -> (Tensor, Tensor)',
    _knn,
    _fake_knn,
)
