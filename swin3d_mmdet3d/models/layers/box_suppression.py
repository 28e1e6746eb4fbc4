"""Non-maximum suppression and overlaps of boxes, the same on CPU and GPU."""

from __future__ import annotations

import torch
from torch import Tensor

from .compiled_ops import box_iou_rotated, nms, nms_rotated


def bev_nms(boxes: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """Greedy suppression by the overlap of the boxes' outlines seen from above; heights do not count.

    Rows of equal score are taken in their order.

    Args:
        boxes: ``(N, 6)`` centre and size, or ``(N, 7)`` with yaw [rad].
        scores: ``(N,)``.
        iou_threshold: A box that overlaps a better one by more than this is dropped.

    Returns:
        ``(M,)`` int64 rows that are kept, best first.

    Source: nms3d and nms3d_normal of mmcv, which exist for CUDA alone and ignore z, too.
    """
    if not len(boxes):
        return torch.zeros(0, dtype=torch.int64, device=boxes.device)
    order = scores.argsort(descending=True, stable=True)
    # ranks in place of scores: sorting inside mmcv has no rule for ties
    ranks = torch.arange(len(order), 0, -1, device=boxes.device, dtype=torch.float32)
    ordered = boxes[order].float()
    center, size = ordered[:, :2], ordered[:, 3:5]
    if boxes.shape[1] == 6:
        corners = torch.cat([center - size / 2, center + size / 2], dim=1)
        kept = nms(corners, ranks, iou_threshold)
    else:
        kept = nms_rotated(torch.cat([center, size, ordered[:, 6:]], dim=1), ranks, iou_threshold)
    return order[kept]


def multiclass_bev_nms(
    boxes: Tensor, scores: Tensor, score_threshold: float, iou_threshold: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Suppress class by class.

    Args:
        boxes: ``(N, 6)`` or ``(N, 7)`` boxes, each a candidate of every class.
        scores: ``(N, classes)``.
        score_threshold: Candidates of a class score more than this.
        iou_threshold: As in :func:`bev_nms`.

    Returns:
        Boxes ``(M, 6)`` or ``(M, 7)``, scores ``(M,)`` and labels ``(M,)`` int64, by class and then by score.
    """
    rows, labels = [], []
    for label in range(scores.shape[1]):
        candidates = (scores[:, label] > score_threshold).nonzero().flatten()
        kept = candidates[bev_nms(boxes[candidates], scores[candidates, label], iou_threshold)]
        rows.append(kept)
        labels.append(torch.full_like(kept, label))
    row, label = torch.cat(rows), torch.cat(labels)
    return boxes[row], scores[row, label], label


def box_ious(first: Tensor, second: Tensor) -> Tensor:
    """Intersection over union of volumes, of every box with every other.

    Args:
        first: ``(N, 6)`` centre and size, or ``(N, 7)`` with yaw [rad].
        second: ``(M, 6)`` or ``(M, 7)`` likewise.

    Returns:
        ``(N, M)`` in [0, 1].
    """
    if not len(first) or not len(second):
        return first.new_zeros(len(first), len(second))
    low, high = first[:, :3] - first[:, 3:6] / 2, first[:, :3] + first[:, 3:6] / 2
    other_low, other_high = second[:, :3] - second[:, 3:6] / 2, second[:, :3] + second[:, 3:6] / 2
    shared = torch.minimum(high[:, None], other_high) - torch.maximum(low[:, None], other_low)
    shared = shared.clamp(min=0)  # (N, M, 3)
    area = shared[..., :2].prod(2) if first.shape[1] == 6 else _rotated_intersections(first, second)
    intersection = area * shared[..., 2]
    union = first[:, 3:6].prod(1)[:, None] + second[:, 3:6].prod(1) - intersection
    return intersection / union.clamp(min=1e-8)


def _rotated_intersections(first: Tensor, second: Tensor) -> Tensor:
    """Areas that the outlines of ``(N, 7)`` and ``(M, 7)`` boxes share seen from above: ``(N, M)``."""
    columns = [0, 1, 3, 4, 6]
    iou = box_iou_rotated(first[:, columns], second[:, columns])
    areas = first[:, 3:5].prod(1)[:, None] + second[:, 3:5].prod(1)
    return areas * iou / (1 + iou)
