"""Vectorised brute-force nearest neighbours in C++, compiled at first use."""

from __future__ import annotations

import ctypes
import functools
import subprocess
import tempfile
from pathlib import Path

import torch
from swin3d_ops.cpu_library import find_compiler


@functools.cache
def _library() -> ctypes.CDLL:
    target = Path(tempfile.mkdtemp(prefix='swin3d_benchmark_')) / 'brute_force.so'
    source = Path(__file__).with_name('brute_force.cpp')
    flags = ('-O3', '-march=native', '-ffast-math', '-fno-finite-math-only', '-shared', '-fPIC')
    subprocess.run([find_compiler(), *flags, str(source), '-o', str(target)], check=True)
    return ctypes.CDLL(str(target))


def brute_force_knn(query, source, k, query_ptr=None, source_ptr=None):
    """Return (index, distance) of one scene by comparing every query with every source, as ``knn`` does."""
    query, axes = query.float().contiguous(), [column.contiguous() for column in source.float().t()]
    index = torch.empty(len(query), k, dtype=torch.int64)
    squared = torch.empty(len(query), k)
    pointers = [ctypes.c_void_p(t.data_ptr()) for t in (query, *axes)]
    sizes = [ctypes.c_int64(number) for number in (len(query), len(source), k)]
    results = [ctypes.c_void_p(t.data_ptr()) for t in (index, squared)]
    _library().brute_force(*pointers, *sizes, *results)
    return index, squared.sqrt()
