"""Gated fusion of what an image and a cloud know of one place."""

from __future__ import annotations

import torch
from mmdet3d.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn


@MODELS.register_module()
class GatedFusion(BaseModule):
    """Fused features: c = F1 [image; relu(L point)], fused = relu(c * sigmoid(F2 c)).

    Args:
        in_channels: Width C_in of the features of points.
        channels: Width C of the image's features and of the result.
        init_cfg: Initialisation config of mmengine.

    Source: arXiv 2207.04397, section 3.3; the release adds the image's features nowhere again.
    """

    def __init__(self, in_channels: int, channels: int, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        self.learner = nn.Linear(in_channels, channels)
        self.mix = nn.Linear(2 * channels, channels)
        self.gate = nn.Linear(channels, channels)

    def forward(self, image: Tensor, point: Tensor) -> Tensor:
        """Fuse ``(M, C)`` features of pixels with ``(M, C_in)`` of the points that they show: ``(M, C)``."""
        mixed = self.mix(torch.cat([image, self.learner(point).relu()], dim=1))
        return (mixed * self.gate(mixed).sigmoid()).relu()
