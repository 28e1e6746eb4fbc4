"""Blocks of sparse detection heads: up-sampling that makes sites, union, pruning, interpolation."""

from __future__ import annotations

import torch
from swin3d_ops.neighbors import lookup_neighbors
from swin3d_ops.voxel_index import unique_voxels
from torch import Tensor, nn

from swin3d_mmdet3d.structures import FeatureLevel, transposed_kernel_map

from .site_conv import SiteConv3d, multiply_by_map


def _cube(kernel_size: int, device: torch.device) -> Tensor:
    """Offsets of a kernel, z fastest: ``(k ** 3, 3)`` from -(k // 2) for odd k, from 0 for even k."""
    steps = torch.arange(kernel_size, device=device) - (kernel_size // 2) * (kernel_size % 2)
    return torch.cartesian_prod(steps, steps, steps)


def _offset_coords(coords: Tensor, offsets: Tensor) -> Tensor:
    """``(N, 4)`` voxels moved by each of ``(K, 3)`` offsets: ``(N, K, 4)``."""
    moves = torch.nn.functional.pad(offsets, (1, 0)).to(coords.dtype)
    return coords[:, None] + moves


class GenerativeUpsample(nn.Module):
    """Transposed convolution of stride 2 that makes a site wherever its kernel reaches.

    With a kernel of 2 each voxel gets its 8 children, which no other voxel has. With a kernel of 3 it
    reaches its 27 neighbours at half the stride, which it shares with the voxels around, and their parts
    add up.

    Args:
        in_channels: Width of the coarse features.
        out_channels: Width of the fine features.
        kernel_size: 2 or 3.

    Attributes:
        weight: ``(C_out, k, k, k, C_in)``, as spconv's transposed convolutions have.

    Source: MinkowskiGenerativeConvolutionTranspose, as FCAF3D (arXiv 2112.00322, kernel 2) and TR3D
        (arXiv 2302.02858, kernel 3) use it. Fresh weights here lie within 1 / sqrt(k ** 3 C_in), as those of
        convolutions; MinkowskiEngine divides by C_out. The batch norm behind takes such a factor away.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int = 2) -> None:
        super().__init__()
        if kernel_size not in (2, 3):
            raise ValueError(f'kernel_size must be 2 or 3, got {kernel_size}')
        self.kernel_size = kernel_size
        self.weight = SiteConv3d(in_channels, out_channels, kernel_size).weight

    def forward(self, level: FeatureLevel) -> FeatureLevel:
        """Carry ``(N, C_in)`` features to ``(M, C_out)`` at half the stride.

        Children of a kernel of 2 follow each other in the order of their parents; the sites of a kernel of
        3 are sorted by (batch, x, y, z).

        Raises:
            ValueError: If the stride is odd.
        """
        feats, voxels = level
        if voxels.stride % 2:
            raise ValueError(f'the level must have an even stride, got {voxels.stride}')
        half = voxels.stride // 2
        reach = _offset_coords(voxels.coords, _cube(self.kernel_size, feats.device) * half)
        if self.kernel_size == 2:
            kernel = self.weight.flatten(1, 3)  # (C_out, 8, C_in)
            children = torch.einsum('nc,dkc->nkd', feats, kernel).flatten(0, 1)
            return children, voxels.at(reach.flatten(0, 1), half)
        coords, inverse = unique_voxels(reach.flatten(0, 1))
        pairs = transposed_kernel_map(inverse.view(reach.shape[:2]).t())
        return multiply_by_map(feats, self.weight, pairs), voxels.at(coords, half)


def union_add(first: FeatureLevel, second: FeatureLevel) -> FeatureLevel:
    """Add features on the union of two levels' sites; a site that a level lacks counts as 0.

    Args:
        first: ``(N, C)`` features and their voxels, distinct.
        second: ``(M, C)`` features and their voxels, distinct, of the same stride.

    Returns:
        Features at the union of the voxels, sorted by (batch, x, y, z).

    Raises:
        ValueError: If the strides differ.
    """
    (feats_a, voxels_a), (feats_b, voxels_b) = first, second
    if voxels_a.stride != voxels_b.stride:
        raise ValueError(f'levels must have one stride, got {voxels_a.stride} and {voxels_b.stride}')
    coords, inverse = unique_voxels(torch.cat([voxels_a.coords, voxels_b.coords.to(voxels_a.coords.dtype)]))
    rows_a, rows_b = inverse.split([len(voxels_a), len(voxels_b)])
    dtype = torch.promote_types(feats_a.dtype, feats_b.dtype)  # under autocast they may differ
    total = torch.zeros(len(coords), feats_a.shape[1], dtype=dtype, device=feats_a.device)
    total = total.index_add(0, rows_a, feats_a.to(dtype)).index_add(0, rows_b, feats_b.to(dtype))
    return total, voxels_a.at(coords, voxels_a.stride)


def prune(level: FeatureLevel, keep: Tensor) -> FeatureLevel:
    """The sites where ``keep`` ``(N,)`` bool is true, with their features; a scene may lose all its sites."""
    feats, voxels = level
    rows = keep.nonzero().flatten()
    return feats[rows], voxels.select(rows)


def interpolate_at(level: FeatureLevel, coords: Tensor) -> Tensor:
    """Trilinear interpolation of a level's features at finer coordinates, missing corners counting as 0.

    The weights are not normalised over the corners that exist.

    Args:
        level: ``(N, C)`` features and their voxels.
        coords: ``(M, 4)`` integers (batch, x, y, z) in base voxels.

    Returns:
        ``(M, C)`` features.

    Source: features_at_coordinates of MinkowskiEngine.
    """
    feats, voxels = level
    corner = voxels.at(coords, voxels.stride).grid_coords
    rows = lookup_neighbors(voxels.grid_coords, corner, 2)
    wide = torch.promote_types(feats.dtype, torch.float32)  # 16-bit weights would not add up to 1
    fraction = (coords[:, 1:] / voxels.stride - corner[:, 1:]).to(wide)
    offsets = _cube(2, feats.device)
    padded = torch.cat([feats, feats.new_zeros(1, feats.shape[1])])  # row -1 is a missing corner
    total = padded.new_zeros(len(coords), feats.shape[1], dtype=wide)
    for offset, row in zip(offsets, rows):
        weight = torch.where(offset.bool(), fraction, 1 - fraction).prod(1, keepdim=True)
        total = total + weight * padded[row]
    return total.to(feats.dtype)
