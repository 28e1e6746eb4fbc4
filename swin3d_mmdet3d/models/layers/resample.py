"""Between resolutions: k-nearest-neighbour and per-cell max pooling down, interpolation up."""

from __future__ import annotations

import torch
from swin3d_ops import knn
from swin3d_ops.resample import interpolate, inverse_distance_weights, linear_gather_max
from torch import Tensor, nn

from swin3d_mmdet3d.structures import SparseVoxels

from .norms import LayerNorm, NormLinear


class KNNDownsample(nn.Module):
    """Max over the K nearest fine voxels of each coarse representative, after LayerNorm and Linear.

    Neighbours are searched among all fine voxels of the scene, not only those of the cell. Norm and
    Linear act row by row, so they run before the gather: the same result as the original's order for a
    sixteenth of the work.

    Source: arXiv 2304.06906, section 3.3; GridKNNDownsample of Swin3D/modules/mink_layers.py. A scene
        with fewer than K voxels repeats its last neighbour (the original reads uninitialised indices).
    """

    num_neighbors = 16

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.norm = LayerNorm(in_channels)
        self.linear = nn.Linear(in_channels, out_channels, bias=False)

    def forward(self, feats: Tensor, fine: SparseVoxels, coarse: SparseVoxels, parent: Tensor) -> Tensor:
        """Pool ``(N, C_in)`` of ``fine`` to ``(M, C_out)`` of ``coarse``; ``parent`` is not needed."""
        index, _ = knn(coarse.signals['xyz'], fine.signals['xyz'], self.num_neighbors, coarse.ptr, fine.ptr)
        return linear_gather_max(self.norm(feats, fine), self.linear.weight, index)


class CellDownsample(nn.Module):
    """Max over the fine voxels of each coarse cell, after LayerNorm and Linear.

    Source: GridDownsample of Swin3D/modules/mink_layers.py, whose doubled parameter names are kept.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.norm = nn.ModuleDict({'norm': LayerNorm(in_channels)})
        self.linear = nn.ModuleDict({'linear': nn.Linear(in_channels, out_channels, bias=False)})

    def forward(self, feats: Tensor, fine: SparseVoxels, coarse: SparseVoxels, parent: Tensor) -> Tensor:
        """Pool ``(N, C_in)`` to ``(M, C_out)``; ``parent`` ``(N,)`` is the coarse row of each fine row."""
        feats = self.linear['linear'](self.norm['norm'](feats, fine))
        pooled = feats.new_zeros(len(coarse), feats.shape[1])
        rows = parent[:, None].expand_as(feats)
        return torch.scatter_reduce(pooled, 0, rows, feats, 'amax', include_self=False)


class Upsample(nn.Module):
    """Skip connection plus inverse-distance interpolation of the coarse features.

    Args:
        in_channels: Width of the coarse features.
        out_channels: Width of the fine features.
        num_neighbors: Coarse voxels that each fine voxel interpolates.

    Source: Upsample of Swin3D/modules/swin3d_layers.py; weights are 1 / (distance + 1e-8), normalised.
    """

    def __init__(self, in_channels: int, out_channels: int, num_neighbors: int = 3) -> None:
        super().__init__()
        if num_neighbors < 1:
            raise ValueError(f'num_neighbors must be at least 1, got {num_neighbors}')
        self.num_neighbors = num_neighbors
        self.linear1 = NormLinear(out_channels, out_channels)
        self.linear2 = NormLinear(in_channels, out_channels)

    def forward(
        self, coarse_feats: Tensor, coarse: SparseVoxels, fine_feats: Tensor, fine: SparseVoxels
    ) -> Tensor:
        """Carry ``(M, C_in)`` features of ``coarse`` to the N voxels of ``fine``: ``(N, C_out)``."""
        index, distance = knn(
            fine.signals['xyz'], coarse.signals['xyz'], self.num_neighbors, fine.ptr, coarse.ptr
        )
        coarse_feats = self.linear2(coarse_feats, coarse)
        return self.linear1(fine_feats, fine) + interpolate(
            coarse_feats, index, inverse_distance_weights(distance)
        )
