"""Overlap losses of boxes with yaw, on every device."""

from __future__ import annotations

from mmdet3d.registry import MODELS
from torch import Tensor

from .axis_aligned_diou_loss import squared_center_distance
from .overlap_loss import OverlapLoss
from .rotated_overlap import enclosing_corners, paired_rotated_ious


@MODELS.register_module()
class PolygonIoU3DLoss(OverlapLoss):
    """1 - IoU of pairs of boxes with yaw. Arguments are those of :class:`OverlapLoss`.

    Values, weights and average factor are those of mmdet3d's ``RotatedIoU3DLoss``, which runs on CUDA alone.

    Source: the rotated IoU loss of FCAF3D (arXiv 2112.00322), section 3.3.
    """

    def each(self, pred: Tensor, target: Tensor) -> Tensor:
        """Losses ``(N,)`` of ``(N, 7)`` boxes (centre, size, yaw; metres and radians) and ``(N, 7)`` targets.

        Raises:
            ValueError: If the boxes have other than 7 columns or are no pairs.
        """
        if pred.ndim != 2 or pred.shape[1] != 7 or pred.shape != target.shape:
            raise ValueError(
                f'pred and target must be (N, 7): centre, size, yaw; '
                f'got {tuple(pred.shape)} and {tuple(target.shape)}'
            )
        return 1 - paired_rotated_ious(pred, target)


@MODELS.register_module()
class PolygonDIoU3DLoss(PolygonIoU3DLoss):
    """1 - IoU + (distance of centres / diagonal of the hull) ** 2 of pairs of boxes with yaw.

    The hull is the least axis-aligned box around both. Arguments are those of :class:`OverlapLoss`.

    Source: arXiv 1911.08287, equation 7; TR3D (arXiv 2302.02858), section 3.3. TR3DRotatedIoU3DLoss in
        projects/TR3D of mmdetection3d takes the difference of the x sizes for that of the z centres.
    """

    def each(self, pred: Tensor, target: Tensor) -> Tensor:
        """Losses ``(N,)`` of ``(N, 7)`` boxes and targets, as those of :class:`PolygonIoU3DLoss`."""
        distance = squared_center_distance(enclosing_corners(pred), enclosing_corners(target))
        return super().each(pred, target) + distance
