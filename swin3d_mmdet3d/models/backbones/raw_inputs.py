"""A stand-in for an encoder: what every voxel brings along, without a network."""

from __future__ import annotations

import torch
from mmdet3d.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor

from swin3d_mmdet3d.structures import SparseVoxels

from .voxel_inputs import takes_voxels


@MODELS.register_module()
class RawInputs(BaseModule):
    """Colour, normal and height above the lowest voxel of the scene, their squares and absolute values.

    Under a linear probe it is the baseline of every frozen network: a gain over random weights alone can be
    won by passing the inputs through.
    """

    channels = 21  # seven inputs, their squares and absolute values

    @takes_voxels
    def forward(self, feats: Tensor, voxels: SparseVoxels) -> tuple[tuple[Tensor, SparseVoxels], ...]:
        """The ``(N, 21)`` values of each voxel, and the voxels.

        Args:
            feats: ``(N, C)`` input features, of which nothing is taken.
            voxels: the N voxels with signals ``rgb`` and ``normal`` ``(N, 3)`` in [-1, 1].
        """
        scene = voxels.coords[:, 0].long()
        height = voxels.coords[:, 3].to(feats) * voxels.voxel_size
        lowest = height.new_full((voxels.batch_size,), torch.inf).scatter_reduce(0, scene, height, 'amin')
        height = (height - lowest[scene])[:, None]
        plain = torch.cat([voxels.signals['rgb'], voxels.signals['normal'], height], dim=1)
        return ((torch.cat([plain, plain**2, plain.abs()], dim=1), voxels),)
