"""Matching of RoIs with boxes of their class, and the draw of those that train the second stage."""

from __future__ import annotations

import torch
from mmdet3d.structures import BaseInstance3DBoxes
from torch import Tensor

from ...layers import box_ious


def center_and_size(boxes: BaseInstance3DBoxes) -> Tensor:
    """Axis-aligned boxes as ``(R, 6)`` centre and size, metres."""
    return torch.cat([boxes.gravity_center, boxes.dims], dim=1)


def match_rois(rois: Tensor, roi_labels: Tensor, boxes: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Find for each RoI the box of its own class with the largest 3D IoU.

    Args:
        rois: ``(R, 6)`` centre and size, metres.
        roi_labels: ``(R,)`` int64.
        boxes: ``(M, 6)`` ground truth likewise.
        labels: ``(M,)`` int64.

    Returns:
        ``(R,)`` IoU in [0, 1] and ``(R,)`` int64 row of the box; both 0 without a box of the class.
    """
    iou = torch.where(roi_labels[:, None] == labels, box_ious(rois, boxes), 0.0)
    # a column of zeros in front: no box
    best, row = torch.nn.functional.pad(iou, (1, 0)).max(dim=1)
    return best, (row - 1).clamp(min=0)


def sample_rois(
    iou: Tensor,
    num_rois: int = 128,
    foreground_fraction: float = 0.9,
    foreground_iou: float = 0.3,
    easy_iou: float = 0.1,
    hard_fraction: float = 0.8,
) -> Tensor:
    """Draw RoIs: foreground first, then background of which most overlaps a box.

    Only foreground has a box to learn; background takes part in the batch norms. Where one kind is missing
    the other fills its place. Background, and foreground that stands alone, is drawn with replacement.

    Args:
        iou: ``(R,)`` IoU of each RoI with the best box of its class.
        num_rois: How many to draw.
        foreground_fraction: At most this share is foreground where there is background too.
        foreground_iou: Foreground has at least this IoU.
        easy_iou: Background below this IoU is easy, above it hard.
        hard_fraction: At most this share of the background is hard where there is easy background too.

    Returns:
        ``(num_rois,)`` int64 rows; empty without RoIs.

    Source: ProposalTargetLayer of github.com/Haiyang-W/CAGroup3D.
    """
    foreground = torch.nonzero(iou >= foreground_iou).squeeze(1)
    easy = torch.nonzero(iou < easy_iou).squeeze(1)
    hard = torch.nonzero((iou < foreground_iou) & (iou >= easy_iou)).squeeze(1)
    if len(iou) == 0:
        return foreground
    if len(easy) + len(hard) == 0:
        return _draw(foreground, num_rois)
    limit = min(round(foreground_fraction * num_rois), len(foreground))
    chosen = foreground[torch.randperm(len(foreground), device=iou.device)[:limit]]
    missing = num_rois - len(chosen)
    if len(easy) == 0:
        num_hard = missing
    else:
        num_hard = min(int(missing * hard_fraction), len(hard))
    return torch.cat([chosen, _draw(hard, num_hard), _draw(easy, missing - num_hard)])


def _draw(rows: Tensor, number: int) -> Tensor:
    """``number`` of ``rows`` with replacement."""
    if number == 0:
        return rows[:0]
    return rows[torch.randint(len(rows), (number,), device=rows.device)]
