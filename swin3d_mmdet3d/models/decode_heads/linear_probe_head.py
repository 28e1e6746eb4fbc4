"""Linear classifier of frozen voxel features."""

from __future__ import annotations

from typing import Any

from mmdet3d.registry import MODELS
from torch import Tensor, nn

from ...structures import SparseVoxels
from ..layers import init_linear_and_norm
from ..layers.norms import BatchNorm
from .voxel_head import VoxelHead


@MODELS.register_module()
class LinearProbeHead(VoxelHead):
    """Standardised features through one linear layer: what a backbone knows without being trained for it.

    The batch norm has no weights of its own; it brings features of any scale to one learning rate.

    Args:
        in_channels: Width C of the voxel features.
        num_classes: Number of classes.
        kwargs: Arguments of :class:`VoxelHead`.

    Source: linear probing of arXiv 2111.06377 (MAE), appendix A.1.
    """

    def __init__(self, in_channels: int, num_classes: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.num_classes = num_classes
        self.norm = BatchNorm(in_channels, affine=False)
        self.classifier = nn.Linear(in_channels, num_classes)
        init_linear_and_norm(self.classifier)

    def forward(self, feats: Tensor, voxels: SparseVoxels | None = None) -> Tensor:
        """Class logits of voxels: ``(N, C) -> (N, num_classes)``."""
        return self.classifier(self.norm(feats))
