"""Tables of sparse convolution: the search for its pairs of voxels, and the product over them."""

from __future__ import annotations

import logging
import os
from unittest import mock

import torch
from level_tables import compare_passes, log_row
from rooms import room_cloud
from swin3d_ops import KernelMap, sparse_conv
from swin3d_ops.neighbors import kernel_map_between
from timing import cpu_seconds
from workloads import ROOM_VOXELS, voxel_level

logger = logging.getLogger('benchmark')

KERNEL = 3
WIDTHS = ((6, 48), (16, 16), (48, 48), (96, 96))


def gather_multiply_add(feats: torch.Tensor, weight: torch.Tensor, kernel_map: KernelMap) -> torch.Tensor:
    """Convolve offset by offset with the operations of PyTorch."""
    out = feats.new_zeros(kernel_map.num_targets, weight.shape[2])
    bounds = kernel_map.ptr.tolist()
    for k, (low, high) in enumerate(zip(bounds, bounds[1:])):
        out.index_add_(0, kernel_map.target[low:high], feats[kernel_map.source[low:high]] @ weight[k])
    return out


def convolution() -> None:
    """Log kernels of 3^3 at the voxels of 2 cm of the room, one thread."""
    coords = voxel_level(room_cloud(), 0.02, 1, ROOM_VOXELS).coords
    kernel_map = kernel_map_between(coords, coords, KERNEL)
    search = [_search_seconds(coords, name) for name in ('auto', 'torch')]
    logger.info('\nNeighbours of %d voxels, kernel %d: %d pairs', len(coords), KERNEL, len(kernel_map.source))
    logger.info('| algorithm | s | times the kernel |\n|---|---|---|')
    for name, seconds in zip(('swin3d_ops', 'sorted keys in PyTorch'), search):
        log_row(name, seconds, search[0])

    generator = torch.Generator().manual_seed(0)
    for width, out_width in WIDTHS:
        feats = torch.randn(len(coords), width, generator=generator, requires_grad=True)
        weight = torch.randn(KERNEL**3, width, out_width, generator=generator, requires_grad=True)
        compare_passes(
            f'Convolution {width} to {out_width} channels over these pairs',
            lambda feats=feats, weight=weight: sparse_conv(feats, weight, kernel_map),
            lambda feats=feats, weight=weight: gather_multiply_add(feats, weight, kernel_map),
            [feats, weight],
            'gather, multiply, add by offset',
        )


def _search_seconds(coords: torch.Tensor, backend: str) -> float:
    with mock.patch.dict(os.environ, SWIN3D_OPS=backend):
        return cpu_seconds(lambda: kernel_map_between(coords, coords, KERNEL))
