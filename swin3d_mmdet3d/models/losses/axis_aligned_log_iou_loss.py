"""Logarithmic overlap of axis-aligned boxes: -ln IoU + (distance of centres / diagonal of the hull) ** 2."""

from __future__ import annotations

from mmdet3d.registry import MODELS
from mmdet3d.structures import AxisAlignedBboxOverlaps3D
from torch import Tensor

from .axis_aligned_diou_loss import squared_center_distance
from .overlap_loss import OverlapLoss


@MODELS.register_module()
class AxisAlignedLogIoULoss(OverlapLoss):
    """Overlap loss whose gradient does not fade with the overlap.

    The gradient of ``1 - IoU`` with respect to the logarithm of a size is at most the IoU itself. A fresh
    head predicts boxes of metres, whose IoU with a door or a board is some hundredths: such boxes are last to
    be learnt. The logarithm's gradient is of order 1 at any overlap. Boxes that overlap by less than
    ``min_iou`` are drawn by the distance of the centres alone.

    Args:
        reduction: 'none', 'mean' or 'sum'.
        loss_weight: Factor of the loss.
        min_iou: Overlap below which the logarithm is held.

    Source: -ln IoU of UnitBox, arXiv 1608.01471, section 3.1, in three dimensions; the distance of
        arXiv 1911.08287, equation 7.
    """

    def __init__(self, reduction: str = 'mean', loss_weight: float = 1.0, min_iou: float = 1e-3) -> None:
        super().__init__(reduction, loss_weight)
        if not 0 < min_iou < 1:
            raise ValueError(f'min_iou must be between 0 and 1, got {min_iou}')
        self.min_iou = min_iou

    def each(self, pred: Tensor, target: Tensor) -> Tensor:
        """Losses ``(N,)`` of ``(N, 6)`` corners (low x, y, z, high x, y, z) and their ``(N, 6)`` targets."""
        iou = AxisAlignedBboxOverlaps3D()(pred, target, is_aligned=True)
        return squared_center_distance(pred, target) - iou.clamp(min=self.min_iou).log()
