"""Operations on the levels of a sparse pyramid: union, pruning, interpolation."""

from __future__ import annotations

import torch
from swin3d_ops.kernel_offsets import kernel_offsets
from swin3d_ops.neighbors import lookup_neighbors
from swin3d_ops.voxel_index import unique_voxels
from torch import Tensor

from ...structures import FeatureLevel


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
    offsets = kernel_offsets(2, feats.device)
    padded = torch.cat([feats, feats.new_zeros(1, feats.shape[1])])  # row -1 is a missing corner
    total = padded.new_zeros(len(coords), feats.shape[1], dtype=wide)
    for offset, row in zip(offsets, rows):
        weight = torch.where(offset.bool(), fraction, 1 - fraction).prod(1, keepdim=True)
        total = total + weight * padded[row]
    return total.to(feats.dtype)
