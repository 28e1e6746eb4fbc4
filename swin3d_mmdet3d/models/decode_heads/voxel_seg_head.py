"""Semantic classifier of voxels."""

from __future__ import annotations

from typing import Any

from mmdet3d.registry import MODELS
from torch import Tensor, nn

from ...structures import SparseVoxels
from ..layers import init_linear_and_norm
from ..layers.norms import BatchNorm
from .voxel_head import VoxelHead


@MODELS.register_module()
class VoxelSegHead(VoxelHead):
    """Linear, batch norm, ReLU, Linear on the features of each finest voxel.

    Args:
        in_channels: Width C of the voxel features.
        num_classes: Number of classes.
        ignore_index: Label that takes no part in the loss.
        kwargs: Arguments of :class:`VoxelHead`.

    Source: classifier of Swin3DUNet, Swin3D/models/Swin3D.py.
    """

    def __init__(self, in_channels: int, num_classes: int, ignore_index: int = 255, **kwargs: Any) -> None:
        super().__init__(ignore_index, **kwargs)
        if num_classes < 1:
            raise ValueError(f'num_classes must be at least 1, got {num_classes}')
        if 0 <= ignore_index < num_classes:
            raise ValueError(f'ignore_index must not be a class below {num_classes}, got {ignore_index}')
        self.num_classes = num_classes
        self.classifier = nn.Sequential(
            nn.Linear(in_channels, in_channels),
            BatchNorm(in_channels),
            nn.ReLU(),
            nn.Linear(in_channels, num_classes),
        )
        init_linear_and_norm(self)

    def forward(self, feats: Tensor, voxels: SparseVoxels | None = None) -> Tensor:
        """Class logits of voxels: ``(N, C) -> (N, num_classes)``; where they lie does not matter here."""
        return self.classifier(feats)
