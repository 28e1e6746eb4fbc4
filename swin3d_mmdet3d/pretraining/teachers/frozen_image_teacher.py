"""A frozen image network that gives feature maps."""

from __future__ import annotations

from typing import Any

import torch
from mmdet3d.registry import MODELS
from torch import Tensor

from ...models.image_networks import ImageEncoder
from .frozen_teacher import FrozenTeacher


@MODELS.register_module()
class FrozenImageTeacher(ImageEncoder, FrozenTeacher):
    """Feature maps of images by a network that is never trained.

    It runs without a graph; the optimiser and checkpoints know nothing of it (:class:`FrozenTeacher`).

    Args:
        args: Arguments of :class:`ImageEncoder`.
        kwargs: The same by name.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.freeze()

    @torch.no_grad()
    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Maps ``(I, C, h, w)`` of ``(I, 3, height, width)`` images of any dtype, RGB in 0 .. 255."""
        return super().forward(images)
