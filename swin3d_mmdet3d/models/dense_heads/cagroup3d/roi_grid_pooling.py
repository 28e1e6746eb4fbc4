"""RoI-Conv pooling: one feature of a box from a convolution at the points of a grid inside it."""

from __future__ import annotations

import torch
from swin3d_ops.voxel_index import unique_voxels
from torch import Tensor, nn

from ....structures import FeatureLevel
from ...layers import BatchNorm, SparseConv3d


def roi_grid_points(rois: Tensor, grid_size: int) -> Tensor:
    """Centres of the ``grid_size ** 3`` equal parts of each box.

    Args:
        rois: ``(R, 6)`` centre and size of axis-aligned boxes, metres.
        grid_size: Parts along each edge, G.

    Returns:
        ``(R, G ** 3, 3)`` metres, z fastest: centre + ((i + 0.5) / G - 0.5) * size.
    """
    steps = (torch.arange(grid_size, device=rois.device, dtype=rois.dtype) + 0.5) / grid_size - 0.5
    grid = torch.cartesian_prod(steps, steps, steps)
    return rois[:, None, :3] + grid * rois[:, None, 3:6]


class RoIGridPooling(nn.Module):
    """Convolve at the voxels that hold a box's grid points and join them by one linear layer.

    Grid points that fall into one voxel share its feature, across boxes too. The linear layer is the
    convolution of edge G over a full grid of G ** 3 that the original writes.

    Args:
        in_channels: Width of the voxel features.
        channels: Width of the grid features and of the result.
        grid_size: Grid points along each edge of a box.
        kernel_size: Edge of the convolution in voxels of the level.

    Source: arXiv 2210.04264, section 3.3; SimplePoolingLayer of github.com/Haiyang-W/CAGroup3D.
    """

    def __init__(self, in_channels: int, channels: int, grid_size: int = 7, kernel_size: int = 5) -> None:
        super().__init__()
        if grid_size < 1:
            raise ValueError(f'grid_size must be at least 1, got {grid_size}')
        self.grid_size = grid_size
        self.grid_conv = SparseConv3d(in_channels, channels, kernel_size)
        self.grid_norm = BatchNorm(channels)
        self.act = nn.ELU()
        self.pool = nn.Linear(grid_size**3 * channels, channels, bias=False)
        self.pool_norm = BatchNorm(channels)
        nn.init.normal_(self.grid_conv.weight, std=0.01)
        nn.init.normal_(self.pool.weight, std=0.01)

    def forward(self, level: FeatureLevel, rois: Tensor, scene: Tensor) -> Tensor:
        """Pool the features of boxes.

        Args:
            level: Features ``(N, in_channels)`` and their voxels.
            rois: ``(R, 6)`` centre and size in metres from their scene's origin, possibly none.
            scene: ``(R,)`` int64.

        Returns:
            ``(R, channels)``.
        """
        voxels = level[1]
        edge = voxels.voxel_size * voxels.stride
        cells = (roi_grid_points(rois, self.grid_size) / edge).floor().long() * voxels.stride
        batch = scene[:, None, None].expand(-1, cells.shape[1], 1)
        sites, inverse = unique_voxels(torch.cat([batch, cells], dim=2).flatten(0, 1))
        feats = self.grid_conv(level, voxels.at(sites, voxels.stride))
        feats = self.act(self.grid_norm(feats))
        return self.pool_norm(self.pool(feats[inverse].view(len(rois), self.pool.in_features)))
