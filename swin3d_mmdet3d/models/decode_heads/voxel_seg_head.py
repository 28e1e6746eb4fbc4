"""Semantic classifier of voxels."""

from __future__ import annotations

from typing import Optional

from mmdet3d.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn

from swin3d_mmdet3d.structures import SparseVoxels

from ..layers import init_linear_and_norm


@MODELS.register_module()
class VoxelSegHead(BaseModule):
    """Linear, batch norm, ReLU, Linear on the features of each finest voxel.

    Args:
        in_channels: Width C of the voxel features.
        num_classes: Number of classes.
        ignore_index: Label that takes no part in the loss.
        loss_decode: Config of the loss, called with logits, labels and ``ignore_index``.
        init_cfg: Initialisation config of mmengine.

    Source: classifier of Swin3DUNet, Swin3D/models/Swin3D.py.
    """

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        ignore_index: int = 255,
        loss_decode: Optional[dict] = None,
        init_cfg: Optional[dict] = None,
    ) -> None:
        super().__init__(init_cfg)
        if num_classes < 1:
            raise ValueError(f'num_classes must be at least 1, got {num_classes}')
        if 0 <= ignore_index < num_classes:
            raise ValueError(f'ignore_index must not be a class below {num_classes}, got {ignore_index}')
        self.num_classes = num_classes
        self.ignore_index = ignore_index
        # avg_non_ignore: the mean over labelled voxels, and 0 where a batch has none
        self.loss_decode = MODELS.build(
            loss_decode or dict(type='mmdet.CrossEntropyLoss', avg_non_ignore=True)
        )
        self.classifier = nn.Sequential(
            nn.Linear(in_channels, in_channels),
            nn.BatchNorm1d(in_channels),
            nn.ReLU(),
            nn.Linear(in_channels, num_classes),
        )
        init_linear_and_norm(self)

    def forward(self, feats: Tensor, voxels: Optional[SparseVoxels] = None) -> Tensor:
        """Class logits of voxels: ``(N, C) -> (N, num_classes)``; where they lie does not matter here."""
        return self.classifier(feats)

    def loss(self, feats: Tensor, voxels: Optional[SparseVoxels], labels: Tensor) -> dict[str, Tensor]:
        """Loss of voxels.

        Args:
            feats: ``(N, C)``.
            voxels: The N voxels, which this head does not look at.
            labels: ``(N,)`` int64, classes or ``ignore_index``.

        Raises:
            ValueError: If a label is neither a class nor ``ignore_index``.
        """
        wrong = ((labels < 0) | (labels >= self.num_classes)) & (labels != self.ignore_index)
        if bool(wrong.any()):
            raise ValueError(
                f'labels must be 0 .. {self.num_classes - 1} or ignore_index {self.ignore_index}, '
                f'got {labels[wrong].unique().tolist()[:8]}'
            )
        logits = self(feats, voxels)
        return dict(loss_seg=self.loss_decode(logits, labels, ignore_index=self.ignore_index))
