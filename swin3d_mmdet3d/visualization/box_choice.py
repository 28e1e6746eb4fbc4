"""Box choice: the boxes of a detection that a picture has room for."""

from __future__ import annotations

import numpy as np

from .box_set import BoxSet

MAX_DRAWN = 25
"""Boxes of one column of a picture."""
MAX_OVERLAP = 0.5


def choose_boxes(boxes: BoxSet, max_boxes: int = MAX_DRAWN, max_overlap: float = MAX_OVERLAP) -> BoxSet:
    """The best boxes that do not repeat a better one: non-maximum suppression within each class.

    Boxes without scores are all kept, since they are the truth.

    Args:
        boxes: What was found.
        max_boxes: At most so many.
        max_overlap: Greatest IoU with a better box of the class, of the boxes' bounds along the axes.

    Returns:
        The chosen ones, best first.
    """
    if boxes.score is None:
        return boxes
    low, high = boxes.corners.min(axis=1), boxes.corners.max(axis=1)
    kept: list[int] = []
    for row in np.argsort(-boxes.score, kind='stable'):
        rivals = [other for other in kept if boxes.label[other] == boxes.label[row]]
        if len(kept) < max_boxes and not (_overlap(low, high, row, rivals) > max_overlap).any():
            kept.append(int(row))
    return boxes[np.array(kept, dtype=np.int64)]


def _overlap(low: np.ndarray, high: np.ndarray, row: int, others: list[int]) -> np.ndarray:
    """IoU ``(len(others),)`` of the axis-aligned box of a row with others."""
    sides = np.minimum(high[row], high[others]) - np.maximum(low[row], low[others])
    shared = np.prod(np.maximum(sides, 0), axis=-1)
    volume = np.prod(high - low, axis=-1)
    return shared / np.maximum(volume[row] + volume[others] - shared, 1e-12)
