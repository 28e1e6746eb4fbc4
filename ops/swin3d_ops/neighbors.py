"""Neighbours of voxels under a cubic kernel: their rows, and the kernel map of a sparse convolution."""

from __future__ import annotations

import ctypes

import torch

from . import cpu_runtime
from .arguments import check_int
from .cpu_runtime import pointer
from .kernel_offsets import first_offset
from .op import Implementation, Op, cpu_kernels
from .sparse_conv.kernel_map import KernelMap
from .voxel_index import KEY_LIMIT, bounds_of, check_query, pack

MAX_ROWS = 2**31
MAX_EDGE = 64
"""Edge of the largest kernel: a quarter of a million offsets."""


def lookup_neighbors(coords: torch.Tensor, query: torch.Tensor, kernel_size: int) -> torch.Tensor:
    """Return the row of ``coords`` at every offset of a cubic kernel around each row of ``query``, or -1.

    Offsets are those of :mod:`swin3d_ops.kernel_offsets`, in their order.

    Args:
        coords: (N, 4) integers (batch, x, y, z), distinct, any order (fastest when sorted).
        query: (M, 4) integers, any order (fastest when sorted).
        kernel_size: Edge k of the kernel in voxels, in [1, 64].

    Returns:
        (k ** 3, M) int64 rows in [0, N) with ``coords[row] == query + offset``, -1 where there is none.

    Raises:
        TypeError: Coordinates that are no integers, or a kernel size that is no int.
        ValueError: Wrong shapes, two devices, a kernel size out of range, or an extent beyond the 64-bit key.
    """
    return _search(coords, query, kernel_size)[0].long()


def kernel_map_between(coords: torch.Tensor, query: torch.Tensor, kernel_size: int) -> KernelMap:
    """Return the map of a convolution with a cubic kernel from the voxels ``coords`` to the voxels ``query``.

    Arguments and errors are those of :func:`lookup_neighbors`. Where both are the same tensor of distinct
    voxels and the kernel is odd, the map of the input gradient comes without another search or sort.
    """
    rows, counts = _search(coords, query, kernel_size)
    mirrored = coords is query and kernel_size % 2 == 1 and _are_distinct(rows)
    if counts is None:
        return KernelMap.from_table(rows, len(coords), mirrored)
    ptr = torch.nn.functional.pad(counts.cumsum(0), (1, 0))
    source, target = torch.empty(2, int(ptr[-1]), dtype=torch.int32, device='cpu')
    sizes = (ctypes.c_int64(size) for size in rows.shape)
    cpu_runtime.library().call(
        'list_neighbors', pointer(rows), *sizes, pointer(ptr), pointer(source), pointer(target),
        ctypes.c_int(cpu_runtime.num_threads()),
    )  # fmt: skip
    return KernelMap(source, target, ptr, len(coords), len(query), mirrored, known=True)


def _are_distinct(rows: torch.Tensor) -> bool:
    """Whether each voxel finds itself at the centre of an odd kernel, and not an equal one before it."""
    centre = rows[len(rows) // 2]
    return torch.equal(centre, torch.arange(len(centre), dtype=rows.dtype, device=rows.device))


def _search(
    coords: torch.Tensor, query: torch.Tensor, kernel_size: int
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Rows (K, M) by the back-end that serves, and where it has counted them, how many under each offset."""
    check_query(coords, query)
    check_int('kernel_size', kernel_size, 1, MAX_EDGE)
    return OP.run(OP.choose(coords.device.type, 'auto'), coords, query, kernel_size)


def _search_by_kernel(
    coords: torch.Tensor, query: torch.Tensor, kernel_size: int
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Search by the kernel; clouds that are empty or too far apart for it, by torch."""
    if not (len(coords) and len(query) and max(len(coords), len(query)) < MAX_ROWS):
        return _search_by_torch(coords, query, kernel_size)
    wide = coords, query
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
    return (rows, counts) if fits.value else _search_by_torch(*wide, kernel_size)


def _search_by_torch(
    coords: torch.Tensor, query: torch.Tensor, kernel_size: int
) -> tuple[torch.Tensor, None]:
    """One search serves the k voxels of a column along z, whose keys follow each other."""
    if not len(coords):
        return query.new_full((kernel_size**3, len(query)), -1, dtype=torch.int64), None
    lowest = first_offset(kernel_size)
    low, high = bounds_of(coords, query)
    for axis in (1, 2, 3):  # room for the kernel, so that keys of different columns never meet
        low[axis] += lowest
        high[axis] += lowest + kernel_size - 1
    keys, order = torch.sort(pack(coords, [low, high]), stable=True)
    center = pack(query, [low, high])
    extent_y, extent_z = high[2] - low[2] + 1, high[3] - low[3] + 1
    keys = torch.cat([keys, keys.new_full((1,), KEY_LIMIT - 1)])  # matches nothing
    rows = []
    for x in range(lowest, lowest + kernel_size):
        for y in range(lowest, lowest + kernel_size):
            wanted = center + ((x * extent_y + y) * extent_z + lowest)
            place = torch.searchsorted(keys, wanted)
            for _ in range(kernel_size):
                found = keys[place] == wanted
                rows.append(torch.where(found, order[place.clamp(max=len(order) - 1)], -1))
                place = place + found
                wanted = wanted + 1
    return torch.stack(rows), None


def _probe(run, dtype: torch.dtype) -> list[torch.Tensor]:
    """Search a few voxels of two batch items around others, with an odd kernel and an even one."""
    number = torch.arange(60)
    coords = torch.stack([number // 30, number * 5 % 4 - 2, number * 3 % 5, number * 7 % 6], 1).unique(dim=0)
    query = coords.flip(0) + torch.tensor([0, 1, 0, -1])
    return [run(coords, query, kernel_size)[0] for kernel_size in (2, 3)]


OP = Op(
    'neighbors',
    {'torch': Implementation(_search_by_torch), 'cpu': cpu_kernels(_search_by_kernel)},
    _probe,
)
