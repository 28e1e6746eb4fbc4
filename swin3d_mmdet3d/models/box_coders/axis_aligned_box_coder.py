"""Boxes along the axes: centre and size."""

from __future__ import annotations

import torch
from mmdet3d.registry import TASK_UTILS
from mmdet3d.structures import BaseInstance3DBoxes
from torch import Tensor


@TASK_UTILS.register_module()
class AxisAlignedBoxCoder:
    """Boxes of centre and size, as ScanNet and S3DIS have them; boxes with yaw are refused."""

    with_yaw = False
    box_dim = 6
    num_turns = 0
    iou_loss = dict(type='mmdet3d.AxisAlignedIoULoss')
    diou_loss = dict(type='mmdet3d.AxisAlignedDIoULoss')

    def decode(self, boxes: Tensor, turns: Tensor) -> Tensor:
        """The boxes ``(N, 6)`` themselves; ``turns`` is ``(N, 0)``."""
        return boxes

    def loss_form(self, boxes: Tensor) -> Tensor:
        """Low and high corners ``(N, 6)`` of boxes given by centre and size."""
        center, half = boxes[:, :3], boxes[:, 3:] / 2
        return torch.cat([center - half, center + half], dim=1)

    def learnable(self, boxes: BaseInstance3DBoxes) -> BaseInstance3DBoxes:
        """The boxes of a scene.

        Raises:
            ValueError: If they have a yaw, be it 0: augmentation would turn it.
        """
        turned = (boxes.yaw != 0).nonzero().flatten().tolist()
        if turned or (boxes.with_yaw and len(boxes)):
            number = turned[0] if turned else 0
            raise ValueError(
                'boxes must be along the axes, of 6 numbers, for this head, '
                f'got yaw {float(boxes.yaw[number]):.4g} rad in box {number} of {len(boxes)}; '
                "bbox_coder=dict(type='MobiusBoxCoder') of SparseFCAF3DHead and SparseTR3DHead learns yaw"
            )
        return boxes
