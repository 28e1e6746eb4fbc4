"""Pairs of voxels of two views that show the same place."""

from __future__ import annotations

import torch
from mmdet3d.registry import MODELS
from swin3d_ops import knn
from torch import Tensor, nn

from ..views import CloudView


@MODELS.register_module()
class NearestOrigin(nn.Module):
    """For each voxel of a view the nearest one of another, by where their points lay before augmentation.

    Args:
        radius: Largest distance of a pair, metres.
        max_pairs: Most pairs of a batch, drawn at random.

    Source: arXiv 2007.10985, section 3.2, matches within 1.5 voxels; 4096 pairs.
    """

    def __init__(self, radius: float, max_pairs: int = 4096) -> None:
        super().__init__()
        if not radius > 0:
            raise ValueError(f'radius must be a positive length in metres, got {radius}')
        if max_pairs < 2:
            raise ValueError(f'max_pairs must be at least 2, got {max_pairs}')
        self.radius = radius
        self.max_pairs = max_pairs

    def forward(self, first: CloudView, second: CloudView) -> tuple[Tensor, Tensor]:
        """Rows ``(M,)`` of the first view's voxels, and of the second's that match them.

        Raises:
            ValueError: If a view does not know where its points lay (``KeepOrigin``).
        """
        index, distance = knn(_origins(first), _origins(second), 1, first.voxels.ptr, second.voxels.ptr)
        rows = (distance[:, 0] <= self.radius).nonzero().flatten()
        rows = rows[torch.randperm(len(rows), device=rows.device)[: self.max_pairs]]
        return rows, index[rows, 0]


def _origins(view: CloudView) -> Tensor:
    """Where the representative point of each voxel lay: ``(N, 3)`` metres."""
    if view.origin_xyz is None:
        raise ValueError('origin_xyz must be among the keys of the views, got none: add KeepOrigin')
    return torch.cat(view.origin_xyz)[view.representative]
