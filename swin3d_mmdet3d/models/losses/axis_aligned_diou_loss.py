"""Distance-IoU loss of axis-aligned boxes: 1 - IoU + (distance of centres / diagonal of the hull) ** 2."""

from __future__ import annotations

import torch
from mmdet3d.registry import MODELS
from mmdet3d.structures import AxisAlignedBboxOverlaps3D
from torch import Tensor

from .overlap_loss import OverlapLoss


@MODELS.register_module()
class AxisAlignedDIoULoss(OverlapLoss):
    """Distance-IoU loss of pairs of boxes. Arguments are those of :class:`OverlapLoss`.

    Source: arXiv 1911.08287, equation 7, in three dimensions; TR3D (arXiv 2302.02858), section 3.3.
    """

    def each(self, pred: Tensor, target: Tensor) -> Tensor:
        """Losses ``(N,)`` of ``(N, 6)`` corners (low x, y, z, high x, y, z) and their ``(N, 6)`` targets."""
        iou = AxisAlignedBboxOverlaps3D()(pred, target, is_aligned=True)
        return 1 - iou + squared_center_distance(pred, target)


def squared_center_distance(pred: Tensor, target: Tensor) -> Tensor:
    """Squared distance of the centres over the squared diagonal of the hull, ``(N,)`` in [0, 1]."""
    center_offset = (pred[:, :3] + pred[:, 3:] - target[:, :3] - target[:, 3:]) / 2
    hull = torch.maximum(pred[:, 3:], target[:, 3:]) - torch.minimum(pred[:, :3], target[:, :3])
    return center_offset.square().sum(1) / hull.square().sum(1).clamp(min=1e-12)
