"""What the network sees of a batch of point clouds."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor

from .sparse_voxels import SparseVoxels

Batch = TypeVar('Batch', bound='VoxelBatch')


@dataclass(frozen=True, eq=False)
class VoxelBatch:
    """The voxels of a batch of point clouds, and which point is in which.

    Attributes:
        feats: ``(N, C)`` float32 input features.
        voxels: The N voxels with their signals.
        point2voxel: Per scene ``(P,)`` int64, the row of each point's voxel among the N; -1 of a voxel that
            :meth:`select` left out.
        representative: ``(N,)`` int64, the point that represents each voxel, as a row of all scenes' points
            joined: the voxel's first point.
        origin: ``(B, 3)`` float32 metres, the place of coordinate (0, 0, 0) of each scene, in the order of
            the voxel axes: a voxel's lowest corner lies at coords * voxel_size + origin.
    """

    feats: Tensor
    voxels: SparseVoxels
    point2voxel: list[Tensor]
    representative: Tensor
    origin: Tensor

    def select(self: Batch, rows: Tensor) -> Batch:
        """The batch with some of its voxels alone, as the visible ones of a masked one.

        Args:
            rows: ``(M,)`` int64 rows of the voxels to keep, ascending.
        """
        place = rows.new_full((len(self.voxels) + 1,), -1)  # the last row is that of -1
        place[rows] = torch.arange(len(rows), device=rows.device)
        return dataclasses.replace(
            self,
            feats=self.feats[rows],
            voxels=self.voxels.select(rows),
            point2voxel=[place[voxel] for voxel in self.point2voxel],
            representative=self.representative[rows],
        )
