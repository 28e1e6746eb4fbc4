"""Overlap losses of boxes with yaw, on every device."""

from __future__ import annotations

from mmdet.models.losses.utils import weight_reduce_loss
from mmdet3d.registry import MODELS
from torch import Tensor, nn

from .axis_aligned_diou_loss import REDUCTIONS, squared_center_distance
from .rotated_overlap import enclosing_corners, paired_rotated_ious


@MODELS.register_module()
class PolygonIoU3DLoss(nn.Module):
    """1 - IoU of pairs of boxes with yaw.

    Values, weights and average factor are those of mmdet3d's ``RotatedIoU3DLoss``, which runs on CUDA alone.

    Args:
        reduction: 'none', 'mean' or 'sum'.
        loss_weight: Factor of the loss.

    Source: the rotated IoU loss of FCAF3D (arXiv 2112.00322), section 3.3.
    """

    def __init__(self, reduction: str = 'mean', loss_weight: float = 1.0) -> None:
        super().__init__()
        if reduction not in REDUCTIONS:
            raise ValueError(f'reduction must be one of {sorted(REDUCTIONS)}, got {reduction!r}')
        self.reduction = reduction
        self.loss_weight = loss_weight

    def forward(
        self,
        pred: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        avg_factor: float | None = None,
    ) -> Tensor:
        """Loss of ``(N, 7)`` boxes (centre, size, yaw; metres and radians) against ``(N, 7)`` targets.

        Args:
            pred: Predicted boxes.
            target: Boxes to be predicted.
            weight: ``(N,)`` factors of the pairs.
            avg_factor: What the sum is divided by instead of N; for 'mean' alone.

        Raises:
            ValueError: If the boxes have other than 7 columns or are no pairs.
        """
        if pred.ndim != 2 or pred.shape[1] != 7 or pred.shape != target.shape:
            raise ValueError(
                f'pred and target must be (N, 7): centre, size, yaw; '
                f'got {tuple(pred.shape)} and {tuple(target.shape)}'
            )
        loss = weight_reduce_loss(self._each(pred, target), weight, self.reduction, avg_factor)
        return self.loss_weight * loss

    def _each(self, pred: Tensor, target: Tensor) -> Tensor:
        """Losses ``(N,)`` of the pairs."""
        return 1 - paired_rotated_ious(pred, target)


@MODELS.register_module()
class PolygonDIoU3DLoss(PolygonIoU3DLoss):
    """1 - IoU + (distance of centres / diagonal of the hull) ** 2 of pairs of boxes with yaw.

    The hull is the least axis-aligned box around both. Arguments are those of :class:`PolygonIoU3DLoss`.

    Source: arXiv 1911.08287, equation 7; TR3D (arXiv 2302.02858), section 3.3. TR3DRotatedIoU3DLoss in
        projects/TR3D of mmdetection3d takes the difference of the x sizes for that of the z centres.
    """

    def _each(self, pred: Tensor, target: Tensor) -> Tensor:
        distance = squared_center_distance(enclosing_corners(pred), enclosing_corners(target))
        return super()._each(pred, target) + distance
