"""The search by the kernels of the CPU library; clouds that are empty or too far apart for it go to torch."""

from __future__ import annotations

import ctypes

import torch

from .. import cpu_runtime
from ..cpu_runtime import pointer
from ..sparse_conv.kernel_map import KernelMap
from . import torch_impl

MAX_ROWS = 2**31


def lookup(coords: torch.Tensor, query: torch.Tensor, kernel_size: int) -> torch.Tensor:
    """Return the rows (K, M), int32 or where torch found them int64."""
    found = _find(coords, query, kernel_size)
    return torch_impl.lookup(coords, query, kernel_size) if found is None else found[0]


def kernel_map(coords: torch.Tensor, query: torch.Tensor, kernel_size: int) -> KernelMap:
    """Return the map of the rows that are found."""
    found = _find(coords, query, kernel_size)
    if found is None:
        return torch_impl.kernel_map(coords, query, kernel_size)
    rows, counts = found
    mirrored = coords is query and kernel_size % 2 == 1 and torch_impl.are_distinct(rows)
    ptr = torch.nn.functional.pad(counts.cumsum(0), (1, 0))
    source, target = torch.empty(2, int(ptr[-1]), dtype=torch.int32, device='cpu')
    sizes = (ctypes.c_int64(size) for size in rows.shape)
    cpu_runtime.library().call(
        'list_neighbors', pointer(rows), *sizes, pointer(ptr), pointer(source), pointer(target),
        ctypes.c_int(cpu_runtime.num_threads()),
    )  # fmt: skip
    return KernelMap(source, target, ptr, len(coords), len(query), mirrored, known=True)


def _find(
    coords: torch.Tensor, query: torch.Tensor, kernel_size: int
) -> tuple[torch.Tensor, torch.Tensor] | None:
    """Rows (K, M) int32 and how many there are under each offset; None where torch has to search."""
    if not (len(coords) and len(query) and max(len(coords), len(query)) < MAX_ROWS):
        return None
    narrow = coords.dtype == query.dtype == torch.int32
    dtype = torch.int32 if narrow else torch.int64
    coords, query = (part.to(dtype).contiguous() for part in (coords, query))
    rows = torch.empty(kernel_size**3, len(query), dtype=torch.int32, device='cpu')
    counts, fits = torch.empty(len(rows), dtype=torch.int64, device='cpu'), ctypes.c_int64(0)
    cpu_runtime.library().call(
        f'find_neighbors_{"i32" if narrow else "i64"}', pointer(coords), ctypes.c_int64(len(coords)),
        pointer(query), ctypes.c_int64(len(query)), ctypes.c_int64(kernel_size), pointer(rows),
        pointer(counts), ctypes.byref(fits), ctypes.c_int(cpu_runtime.num_threads()),
    )  # fmt: skip
    return (rows, counts) if fits.value else None
