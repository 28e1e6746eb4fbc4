"""Logarithmic overlap of axis-aligned boxes: -ln IoU + (distance of centres / diagonal of the hull) ** 2."""

from __future__ import annotations

from mmdet3d.registry import MODELS
from mmdet3d.structures import AxisAlignedBboxOverlaps3D
from torch import Tensor, nn

from .axis_aligned_diou_loss import REDUCTIONS, squared_center_distance


@MODELS.register_module()
class AxisAlignedLogIoULoss(nn.Module):
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
        super().__init__()
        if reduction not in REDUCTIONS:
            raise ValueError(f'reduction must be one of {sorted(REDUCTIONS)}, got {reduction!r}')
        if not 0 < min_iou < 1:
            raise ValueError(f'min_iou must be between 0 and 1, got {min_iou}')
        self.reduction = reduction
        self.loss_weight = loss_weight
        self.min_iou = min_iou

    def forward(
        self,
        pred: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        avg_factor: float | None = None,
    ) -> Tensor:
        """Loss of ``(N, 6)`` corners (low x, y, z, high x, y, z) against their ``(N, 6)`` targets.

        Args:
            pred: Predicted corners.
            target: Corners to be predicted.
            weight: ``(N,)`` factors of the pairs.
            avg_factor: What the sum is divided by instead of N; for 'mean' alone.
        """
        iou = AxisAlignedBboxOverlaps3D()(pred, target, is_aligned=True)
        loss = squared_center_distance(pred, target) - iou.clamp(min=self.min_iou).log()
        if weight is not None:
            loss = loss * weight
        if avg_factor is not None and self.reduction == 'mean':
            return self.loss_weight * loss.sum() / avg_factor
        return self.loss_weight * REDUCTIONS[self.reduction](loss)
