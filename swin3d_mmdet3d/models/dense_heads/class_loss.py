"""Losses of class labels, the same on every device."""

from __future__ import annotations

from typing import Any

import torch
from mmdet.models.losses import FocalLoss
from mmdet3d.registry import MODELS
from torch import Tensor, nn


class ClassLoss(nn.Module):
    """A classification loss for which every negative label is background, as the number of classes is.

    FCAF3D labels background -1. mmdet's focal loss takes labels on a GPU to a kernel of mmcv, which is absent
    where mmcv was built for the CPU and has no bfloat16, and elsewhere makes them one-hot. Here they are
    one-hot on every device.

    Args:
        loss: Config of the loss.
    """

    def __init__(self, loss: dict) -> None:
        super().__init__()
        self.loss = MODELS.build(loss)

    def forward(self, logits: Tensor, labels: Tensor, **kwargs: Any) -> Tensor:
        """Loss of logits ``(N, classes)`` and labels ``(N,)``."""
        num_classes = logits.shape[1]
        labels = torch.where(labels < 0, num_classes, labels)
        if isinstance(self.loss, FocalLoss):
            labels = nn.functional.one_hot(labels, num_classes + 1)[:, :num_classes]
        return self.loss(logits, labels, **kwargs)
