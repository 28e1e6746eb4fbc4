"""Convolutions of kernel 2 and stride 2 between a level of voxels and the cells that hold them."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from swin3d_mmdet3d.structures import KernelMap, SparseVoxels

from .site_conv import SiteConv3d, multiply_by_map


class CellMaps(NamedTuple):
    """Which fine voxel lies where in which coarse one.

    Attributes:
        down: Map from the fine to the coarse voxels.
        up: Map from the coarse to the fine voxels.
    """

    down: KernelMap
    up: KernelMap


def cell_maps(fine: SparseVoxels, coarse: SparseVoxels, parent: Tensor) -> CellMaps:
    """Maps between two levels whose strides differ by 2.

    Args:
        fine: N voxels.
        coarse: The M cells that hold them.
        parent: ``(N,)`` int64, the cell of each voxel.

    Raises:
        ValueError: If the strides do not differ by 2.
    """
    if coarse.stride != 2 * fine.stride:
        raise ValueError(f'coarse must have the stride {2 * fine.stride}, got {coarse.stride}')
    corner = fine.grid_coords[:, 1:].long() - 2 * coarse.grid_coords[parent, 1:].long()
    offset = (corner[:, 0] * 2 + corner[:, 1]) * 2 + corner[:, 2]  # z fastest, as the weights
    rows = parent.new_full((8, len(coarse)), -1)
    rows[offset, parent] = torch.arange(len(fine), device=parent.device)
    up = parent.new_full((8, len(fine)), -1)
    up[offset, torch.arange(len(fine), device=parent.device)] = parent
    return CellMaps(KernelMap.from_rows(rows, len(fine)), KernelMap.from_rows(up, len(coarse)))


class CellConv(nn.Module):
    """The kernel of one of these convolutions; the map says which way it goes.

    With ``maps.down`` it is a convolution of kernel 2 and stride 2, with ``maps.up`` its transpose.

    Args:
        in_channels: Width of the input features.
        out_channels: Width of the output features.

    Attributes:
        weight: ``(C_out, 2, 2, 2, C_in)``, as spconv's.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.weight = SiteConv3d(in_channels, out_channels, 2).weight

    def forward(self, feats: Tensor, pairs: KernelMap) -> Tensor:
        """Carry ``(N, C_in)`` features to ``(M, C_out)``."""
        return multiply_by_map(feats, self.weight, pairs)
