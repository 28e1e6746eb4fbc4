"""An image network that gives feature maps."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmdet3d.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor

IMAGENET_MEAN = (123.675, 116.28, 103.53)
IMAGENET_STD = (58.395, 57.12, 57.375)


@MODELS.register_module()
class ImageEncoder(BaseModule):
    """Feature maps of images by a network that is trained with what holds it.

    :class:`FrozenImageTeacher` is the same network without training.

    Args:
        backbone: Config of any registered image backbone ``images -> tuple of maps``, such as 'mmdet.ResNet'
            with ``init_cfg=dict(type='Pretrained', checkpoint=...)``.
        neck: Config of what follows it, ``tuple of maps -> tuple of maps``, such as 'mmdet.FPN'.
        out_indices: Maps to give, as indices into those of the neck, or the backbone without one.
        mean: Mean of the colours in 0 .. 255 that the network was trained with, R, G, B.
        std: Standard deviation likewise.
        channel_order: 'rgb', or 'bgr' for networks that expect blue first.
        init_cfg: Initialisation config of mmengine.

    Raises:
        ValueError: If ``channel_order`` is neither.
    """

    def __init__(
        self,
        backbone: dict,
        neck: dict | None = None,
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
        self.neck = None if neck is None else MODELS.build(neck)
        self.out_indices = tuple(out_indices)
        self.channel_order = channel_order
        self.register_buffer('mean', torch.tensor(mean, dtype=torch.float32).view(3, 1, 1), persistent=False)
        self.register_buffer('std', torch.tensor(std, dtype=torch.float32).view(3, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Maps ``(I, C, h, w)`` of ``(I, 3, height, width)`` images of any dtype, RGB in 0 .. 255."""
        normalized = (images.to(self.mean.dtype) - self.mean) / self.std
        if self.channel_order == 'bgr':
            normalized = normalized.flip(1)
        maps = self.backbone(normalized)
        if self.neck is not None:
            maps = self.neck(maps)
        return tuple(maps[index] for index in self.out_indices)
