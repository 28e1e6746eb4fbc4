"""What the network sees of a batch of point clouds."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from .sparse_voxels import SparseVoxels


@dataclass(frozen=True, eq=False)
class VoxelBatch:
    """The voxels of a batch of point clouds, and which point is in which.

    Attributes:
        feats: ``(N, C)`` float32 input features.
        voxels: The N voxels with their signals.
        point2voxel: Per scene ``(P,)`` int64, the row of each point's voxel among the N.
        representative: ``(N,)`` int64, the point that speaks for each voxel, as a row of all scenes' points
            joined: the voxel's first point.
        origin: ``(B, 3)`` float32 metres, the place of coordinate (0, 0, 0) of each scene, in the order of
            the voxel axes: a voxel's lowest corner lies at coords * voxel_size + origin.
    """

    feats: Tensor
    voxels: SparseVoxels
    point2voxel: list[Tensor]
    representative: Tensor
    origin: Tensor
