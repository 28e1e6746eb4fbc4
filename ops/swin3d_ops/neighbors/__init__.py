"""Neighbours of voxels under a cubic kernel: their rows, and the kernel map of a sparse convolution."""

from __future__ import annotations

import torch

from ..arguments import check_int
from ..op import Implementation, Op, cpu_kernels, cuda_kernels
from ..sparse_conv.kernel_map import KernelMap
from ..voxel_index import check_query
from . import cpu_impl, cuda_impl, torch_impl
from .probe import probe

__all__ = ['kernel_map_between', 'lookup_neighbors']

MAX_EDGE = 64
"""Edge of the largest kernel: a quarter of a million offsets."""

OP = Op(
    'neighbors',
    {
        'torch': Implementation(torch_impl.lookup),
        'cpu': cpu_kernels(cpu_impl.lookup),
        'cuda': cuda_kernels(cuda_impl.lookup, cuda_impl.reason_against),
    },
    probe,
)
MAPS = {'torch': torch_impl.kernel_map, 'cpu': cpu_impl.kernel_map, 'cuda': cuda_impl.kernel_map}


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
        ValueError: Wrong shapes, two devices, a kernel size out of range, or an extent beyond the 64-bit key,
            which the CUDA kernels do without.
    """
    arguments = coords, query, kernel_size
    return OP.run(_backend(*arguments), *arguments).long()


def kernel_map_between(coords: torch.Tensor, query: torch.Tensor, kernel_size: int) -> KernelMap:
    """Return the map of a convolution with a cubic kernel from the voxels ``coords`` to the voxels ``query``.

    Arguments and errors are those of :func:`lookup_neighbors`. Where both are the same tensor of distinct
    voxels and the kernel is odd, the map of the input gradient comes without another search or sort. A GPU is
    waited for once, for the number of pairs.
    """
    arguments = coords, query, kernel_size
    return MAPS[_backend(*arguments)](*arguments)


def _backend(coords: torch.Tensor, query: torch.Tensor, kernel_size: int) -> str:
    check_query(coords, query)
    check_int('kernel_size', kernel_size, 1, MAX_EDGE)
    return OP.choose(coords.device.type, 'auto', coords, query, kernel_size)
