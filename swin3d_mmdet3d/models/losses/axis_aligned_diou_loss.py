"""Distance-IoU loss of axis-aligned boxes: 1 - IoU + (distance of centres / diagonal of the hull) ** 2."""

from __future__ import annotations

import torch
from mmdet3d.registry import MODELS
from mmdet3d.structures import AxisAlignedBboxOverlaps3D
from torch import Tensor, nn

REDUCTIONS = {'none': lambda loss: loss, 'mean': torch.mean, 'sum': torch.sum}


@MODELS.register_module()
class AxisAlignedDIoULoss(nn.Module):
    """Distance-IoU loss of pairs of boxes.

    Args:
        reduction: 'none', 'mean' or 'sum'.
        loss_weight: Factor of the loss.

    Source: arXiv 1911.08287, equation 7, in three dimensions; TR3D (arXiv 2302.02858), section 3.3.
    """

    def __init__(self, reduction: str = 'mean', loss_weight: float = 1.0) -> None:
        super().__init__()
        if reduction not in REDUCTIONS:
            raise ValueError(f'reduction must be one of {sorted(REDUCTIONS)}, got {reduction!r}')
        self.reduction = reduction
        self.loss_weight = loss_weight

    def forward(self, pred: Tensor, target: Tensor) -> Tensor:
        """Loss of ``(N, 6)`` corners (low x, y, z, high x, y, z) against their ``(N, 6)`` targets."""
        iou = AxisAlignedBboxOverlaps3D()(pred, target, is_aligned=True)
        loss = 1 - iou + squared_center_distance(pred, target)
        return self.loss_weight * REDUCTIONS[self.reduction](loss)


def squared_center_distance(pred: Tensor, target: Tensor) -> Tensor:
    """Squared distance of the centres over the squared diagonal of the hull, ``(N,)`` in [0, 1]."""
    center_offset = (pred[:, :3] + pred[:, 3:] - target[:, :3] - target[:, 3:]) / 2
    hull = torch.maximum(pred[:, 3:], target[:, 3:]) - torch.minimum(pred[:, :3], target[:, :3])
    return center_offset.square().sum(1) / hull.square().sum(1).clamp(min=1e-12)
