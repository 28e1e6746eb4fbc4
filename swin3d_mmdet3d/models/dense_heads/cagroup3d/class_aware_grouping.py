"""Class-aware grouping: the points that are taken for a class meet in cells shaped after that class."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from swin3d_ops.voxel_index import unique_voxels
from torch import Tensor

from ....structures import FeatureLevel, SparseVoxels

CELL_RANGE = (0.04, 1.0)
"""Shortest and longest edge of a class's cell in metres."""


def class_cell_sizes(class_sizes: Sequence[Sequence[float]]) -> Tensor:
    """Edges of the cells of each class: half of ``class_sizes``, within 0.04 .. 1 m.

    Args:
        class_sizes: K rows of three lengths in metres.

    Returns:
        ``(K, 3)`` float32, metres.

    Raises:
        ValueError: If the rows are not three positive lengths each.

    Source: arXiv 2210.04264, section 3.2 (voxels proportional to the class's mean size).
    """
    sizes = torch.as_tensor(class_sizes, dtype=torch.float32, device='cpu')
    if sizes.ndim != 2 or sizes.shape[1] != 3 or not bool((sizes > 0).all()):
        raise ValueError(f'class_sizes must be rows of three positive lengths, got {class_sizes}')
    return (sizes / 2).clamp(*CELL_RANGE)


def group_class_points(
    xyz: Tensor,
    scene: Tensor,
    label: Tensor,
    feats: Tensor,
    batch_size: int,
    cell_sizes: Tensor,
    expand: int = 3,
) -> tuple[FeatureLevel, FeatureLevel]:
    """Average the features of points in anisotropic cells, each class in cells of its own.

    Args:
        xyz: ``(P, 3)`` float, places in metres from their scene's origin.
        scene: ``(P,)`` int64 in [0, B), in any order.
        label: ``(P,)`` int64 class in [0, K); a scene may have no points of a class.
        feats: ``(P, C)`` float.
        batch_size: Number of scenes B.
        cell_sizes: ``(K, 3)`` edges of the cells in metres.
        expand: Edge of a coarse cell in cells.

    Returns:
        Mean features and voxels of the cells (an edge counts as 1: stride 1), and of the coarse cells
        (stride ``expand``). Class k of scene b is item k B + b of their batch of K B.

    Source: arXiv 2210.04264, section 3.2.
    """
    cells = (xyz / cell_sizes.to(xyz)[label]).floor().long()
    coarse_cells = torch.div(cells, expand, rounding_mode='floor') * expand
    item = (label * batch_size + scene)[:, None]
    wide = torch.promote_types(feats.dtype, torch.float32)  # sums of 16 bits overflow
    levels = []
    for places, stride in ((cells, 1), (coarse_cells, expand)):
        coords, inverse = unique_voxels(torch.cat([item, places], dim=1))
        total = feats.new_zeros(len(coords), feats.shape[1], dtype=wide).index_add(0, inverse, feats.to(wide))
        count = torch.bincount(inverse, minlength=len(coords))
        voxels = SparseVoxels(coords, len(cell_sizes) * batch_size, stride)
        levels.append(((total / count[:, None]).to(feats.dtype), voxels))
    fine, coarse = levels
    return fine, coarse
