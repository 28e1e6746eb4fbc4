"""From features of voxels to features of the space around them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmdet3d.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor

from ...structures import FeatureVolume, SparseVoxels
from .volume_unet import VolumeUNet


@MODELS.register_module()
class VoxelVolume(BaseModule):
    """Means of the voxels in each cell of a coarse grid, which a 3D U-Net spreads into empty space.

    The grid's middle is that of the box around a scene's voxels, to a cell. Voxels outside of it are counted
    and left out.

    Args:
        in_channels: Width of the features.
        out_channels: Width of the volume.
        cell: Edge of a cell in base voxels.
        shape: Cells along x, y and z; multiples of 2 ** (num_levels - 1), and at least 2.
        channels: Channels of the U-Net at full resolution.
        num_levels: Resolutions of the U-Net.
        init_cfg: Initialisation config of mmengine.

    Source: the grid of arXiv 2201.00785 (IAE) and 2301.00157 (Ponder), after arXiv 2003.04618.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        cell: int,
        shape: Sequence[int],
        channels: int = 32,
        num_levels: int = 4,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        for name, value in dict(cell=cell, channels=channels, num_levels=num_levels).items():
            if value < 1:
                raise ValueError(f'{name} must be at least 1, got {value}')
        coarsest = 2 ** (num_levels - 1)
        if len(shape) != 3 or any(edge < 2 or edge % coarsest for edge in shape):
            raise ValueError(
                f'shape must be three multiples of {coarsest}, at least 2, for {num_levels} levels, '
                f'got {tuple(shape)}'
            )
        self.cell = cell
        self.shape = tuple(shape)
        self.unet = VolumeUNet(in_channels, out_channels, channels, num_levels)

    def forward(self, feats: Tensor, voxels: SparseVoxels) -> FeatureVolume:
        """The volume of ``(N, C)`` features."""
        scene = voxels.coords[:, 0].long()
        corner = self._corner(voxels)
        # a voxel belongs to the cell that its middle is in; doubled, so that all stays in whole numbers
        doubled = 2 * (voxels.coords[:, 1:].long() - corner[scene]) + voxels.stride
        index = doubled.div(2 * self.cell, rounding_mode='floor')
        inside = ((index >= 0) & (index < index.new_tensor(self.shape))).all(dim=1)
        mean = self._means(feats[inside], scene[inside], index[inside], voxels.batch_size)
        exact = torch.promote_types(feats.dtype, torch.float32)  # 16 bits round places
        return FeatureVolume(self.unet(mean), corner.to(exact), self.cell, (~inside).sum())

    def _corner(self, voxels: SparseVoxels) -> Tensor:
        """Lowest corner ``(B, 3)`` int64 of each grid, in whole cells from the middle of its scene."""
        scene = voxels.coords[:, :1].long().expand(-1, 3)
        xyz = voxels.coords[:, 1:].long()
        empty = xyz.new_zeros(voxels.batch_size, 3)
        low = empty.scatter_reduce(0, scene, xyz, 'amin', include_self=False)
        high = empty.scatter_reduce(0, scene, xyz, 'amax', include_self=False) + voxels.stride
        middle = (low + high).div(2 * self.cell, rounding_mode='floor')
        return (middle - middle.new_tensor(self.shape) // 2) * self.cell

    def _means(self, feats: Tensor, scene: Tensor, index: Tensor, batch_size: int) -> Tensor:
        """Mean feature of each cell, 0 of an empty one: ``(B, C, X, Y, Z)``."""
        span_x, span_y, span_z = self.shape
        x, y, z = index.unbind(dim=1)
        row = ((scene * span_x + x) * span_y + y) * span_z + z
        num_cells = batch_size * span_x * span_y * span_z
        total = feats.new_zeros(num_cells, feats.shape[1]).index_add(0, row, feats)
        count = torch.bincount(row, minlength=num_cells).clamp(min=1)
        mean = total / count[:, None]
        return mean.view(batch_size, *self.shape, -1).movedim(-1, 1).contiguous()
