"""A frozen image network that gives feature maps."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmdet3d.registry import MODELS
from torch import Tensor

from .frozen_teacher import FrozenTeacher

IMAGENET_MEAN = (123.675, 116.28, 103.53)
IMAGENET_STD = (58.395, 57.12, 57.375)


@MODELS.register_module()
class FrozenImageTeacher(FrozenTeacher):
    """Feature maps of images by a network that is never trained.

    It runs without a graph; the optimiser and checkpoints know nothing of it (:class:`FrozenTeacher`).

    Args:
        backbone: Config of any registered image backbone ``images -> tuple of maps``, such as 'mmdet.ResNet'
            with ``init_cfg=dict(type='Pretrained', checkpoint=...)``.
        out_indices: Maps to give, as indices into the backbone's.
        mean: Mean of the colours in 0 .. 255 that the network was trained with, R, G, B.
        std: Standard deviation likewise.
        channel_order: 'rgb', or 'bgr' for networks that expect blue first.
        init_cfg: Initialisation config of mmengine.
    """

    def __init__(
        self,
        backbone: dict,
        out_indices: Sequence[int] = (-1,),
        mean: Sequence[float] = IMAGENET_MEAN,
        std: Sequence[float] = IMAGENET_STD,
        channel_order: str = 'rgb',
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if channel_order not in ('rgb', 'bgr'):
            raise ValueError(f"channel_order must be 'rgb' or 'bgr', got {channel_order!r}")
        self.backbone = MODELS.build(backbone)
        self.out_indices = tuple(out_indices)
        self.channel_order = channel_order
        self.register_buffer('mean', torch.tensor(mean, dtype=torch.float32).view(3, 1, 1), persistent=False)
        self.register_buffer('std', torch.tensor(std, dtype=torch.float32).view(3, 1, 1), persistent=False)
        self.freeze()

    @torch.no_grad()
    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Maps ``(I, C, h, w)`` of ``(I, 3, height, width)`` images, RGB in 0 .. 255."""
        normalized = (images.to(self.mean.dtype) - self.mean) / self.std
        if self.channel_order == 'bgr':
            normalized = normalized.flip(1)
        maps = self.backbone(normalized)
        return tuple(maps[index] for index in self.out_indices)
