"""What a detection head sees: the levels of a batch, and where they lie in the world."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from .sparse_voxels import FeatureLevel, SparseVoxels


class MultiScaleFeatures(NamedTuple):
    """Feature levels with the frame that makes metres of their coordinates.

    Attributes:
        levels: ``(feats, voxels)``, fine to coarse.
        origin: ``(B, 3)`` metres, the place of coordinate (0, 0, 0) of each scene.
    """

    levels: tuple[FeatureLevel, ...]
    origin: Tensor


def voxel_locations(voxels: SparseVoxels, origin: Tensor) -> Tensor:
    """Lowest corners of the voxels in metres: ``(N, 3)``.

    Source: FCAF3D and TR3D put their predictions there, not at the centres.
    """
    return voxels.coords[:, 1:] * voxels.voxel_size + origin[voxels.coords[:, 0].long()]
