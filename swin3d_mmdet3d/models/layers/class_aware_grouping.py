"""Class-aware grouping: the points that are taken for a class meet in cells shaped after that class."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from swin3d_ops.voxel_index import unique_voxels
from torch import Tensor

from swin3d_mmdet3d.structures import FeatureLevel, SparseVoxels

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
    xyz: Tensor, scene: Tensor, feats: Tensor, batch_size: int, cell_size: Tensor, expand: int = 3
) -> tuple[FeatureLevel, FeatureLevel]:
    """Average the features of the points of one class in its anisotropic cells.

    Args:
        xyz: ``(P, 3)`` float, places in metres from their scene's origin; a scene may have none.
        scene: ``(P,)`` int64 in [0, batch_size), in any order.
        feats: ``(P, C)`` float.
        batch_size: Number of scenes.
        cell_size: ``(3,)`` edges of a cell in metres.
        expand: Edge of a coarse cell in cells.

    Returns:
        Mean features and voxels of the cells (an edge counts as 1: stride 1), and of the coarse cells
        (stride ``expand``).

    Source: arXiv 2210.04264, section 3.2.
    """
    cells = (xyz / cell_size.to(xyz)).floor().long()
    coarse_cells = torch.div(cells, expand, rounding_mode='floor') * expand
    levels = []
    for places, stride in ((cells, 1), (coarse_cells, expand)):
        coords, inverse = unique_voxels(torch.cat([scene[:, None], places], dim=1))
        total = feats.new_zeros(len(coords), feats.shape[1]).index_add(0, inverse, feats)
        count = torch.bincount(inverse, minlength=len(coords)).to(feats.dtype)
        levels.append((total / count[:, None], SparseVoxels(coords, batch_size, stride)))
    fine, coarse = levels
    return fine, coarse
