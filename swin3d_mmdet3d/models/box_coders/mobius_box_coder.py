"""Boxes with yaw, from the Mobius parametrisation of FCAF3D."""

from __future__ import annotations

import torch
from mmdet3d.registry import TASK_UTILS
from mmdet3d.structures import BaseInstance3DBoxes
from torch import Tensor

MIN_LOG_RATIO = 1e-6  # below it a box is square to float precision, and its yaw has no derivative


@TASK_UTILS.register_module()
class MobiusBoxCoder:
    """Boxes of centre, size and yaw; the turns are sin(2 yaw) ln q and cos(2 yaw) ln q.

    q >= 1 is the ratio of the y size to the x size; the x and y sizes that a head predicts give their sum
    alone. Of the descriptions of one outline this takes the one whose y size is the larger, with yaw in
    (-pi / 2, pi / 2]: equal outlines have equal codes, and no code jumps where a box turns on.

    Source: FCAF3D (arXiv 2112.00322), section 3.3; ``FCAF3DHead`` of mmdet3d 1.4.0. TR3D's head in
        projects/TR3D of mmdetection3d adds the y size to the height as well, which here it does not.
    """

    with_yaw = True
    box_dim = 7
    num_turns = 2
    iou_loss = dict(type='mmdet3d.PolygonIoU3DLoss')
    diou_loss = dict(type='mmdet3d.PolygonDIoU3DLoss')

    def decode(self, boxes: Tensor, turns: Tensor) -> Tensor:
        """Boxes ``(N, 7)`` of centre, size [m] and yaw [rad].

        Args:
            boxes: ``(N, 6)`` centre and size.
            turns: ``(N, 2)``.
        """
        turns = turns.to(boxes.dtype)
        square = turns.square().sum(1, keepdim=True) < MIN_LOG_RATIO**2
        turns = torch.where(square, turns.new_tensor([0.0, MIN_LOG_RATIO]), turns)
        log_ratio = turns.norm(dim=1)
        yaw = torch.atan2(turns[:, 0], turns[:, 1]) / 2
        total = boxes[:, 3] + boxes[:, 4]
        # total / (1 + q) and total * q / (1 + q), without the overflow of q
        size = [total * (-log_ratio).sigmoid(), total * log_ratio.sigmoid(), boxes[:, 5]]
        return torch.cat([boxes[:, :3], torch.stack([*size, yaw], dim=1)], dim=1)

    def loss_form(self, boxes: Tensor) -> Tensor:
        """The boxes ``(N, 7)`` themselves."""
        return boxes

    def learnable(self, boxes: BaseInstance3DBoxes) -> BaseInstance3DBoxes:
        """The boxes of a scene; those without yaw get yaw 0."""
        return boxes if boxes.with_yaw else type(boxes)(boxes.tensor, box_dim=7, with_yaw=True)
