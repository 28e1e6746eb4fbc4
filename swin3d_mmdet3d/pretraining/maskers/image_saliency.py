"""Which places of an image are salient, out of the maps of an image teacher."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmdet3d.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class AttentionSaliency(nn.Module):
    """The teacher's last map is the saliency: that of ``TransformersViT(saliency=True)``."""

    def forward(self, maps: Sequence[Tensor]) -> tuple[Sequence[Tensor], Tensor]:
        """Take the saliency off the maps.

        Args:
            maps: Per level ``(I, C, h, w)``, the last one ``(I, 1, h, w)``.

        Returns:
            The maps that hold features, and the saliency ``(I, 1, h, w)``.

        Raises:
            ValueError: If there are fewer than two maps, or the last has several channels.
        """
        if len(maps) < 2 or maps[-1].shape[1] != 1:
            widths = [one.shape[1] for one in maps]
            raise ValueError(f'maps must end with a saliency of one channel, got channels {widths}')
        return maps[:-1], maps[-1]


@MODELS.register_module()
class ActivationSaliency(nn.Module):
    """Root mean square over the channels of the last map, for networks without attention.

    As an attention it adds up to 1 over each image.

    Source: activation-based attention of arXiv 1612.03928, section 3.1, of which this is the square root.
    """

    def forward(self, maps: Sequence[Tensor]) -> tuple[Sequence[Tensor], Tensor]:
        """All maps ``(I, C, h, w)``, and the saliency ``(I, 1, h, w)`` of the last one."""
        norm = maps[-1].float().square().mean(dim=1, keepdim=True).sqrt()
        total = norm.sum(dim=(2, 3), keepdim=True)
        return maps, norm / total.clamp(min=torch.finfo(norm.dtype).tiny)
