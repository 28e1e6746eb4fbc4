"""Which classes a detector takes for each other: truth boxes matched with the boxes that were found."""

from __future__ import annotations

import numpy as np


def box_confusion(
    overlap: np.ndarray,
    found_label: np.ndarray,
    truth_label: np.ndarray,
    num_classes: int,
    min_overlap: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Match each found box, best first, with the free truth box that it overlaps most, and count.

    Args:
        overlap: (B, T) IoU in [0, 1] of the found boxes, best first, with those of the truth.
        found_label: (B,) classes of the found boxes.
        truth_label: (T,) classes of the truth boxes.
        num_classes: C.
        min_overlap: Least IoU of a match, whatever the classes.

    Returns:
        (C + 1, C + 1) int64 counts, row = truth, column = found; the last column counts truth boxes that
        were missed, the last row found boxes that match none. And (T,) bool: the truth boxes that were
        found by their own class.

    Raises:
        ValueError: When lengths do not agree.
    """
    if overlap.shape != (len(found_label), len(truth_label)):
        raise ValueError(
            f'overlap: expected shape {(len(found_label), len(truth_label))}, got {overlap.shape}'
        )
    matrix = np.zeros((num_classes + 1, num_classes + 1), dtype=np.int64)
    free = np.ones(len(truth_label), dtype=bool)
    hit = np.zeros(len(truth_label), dtype=bool)
    for row, label in enumerate(found_label):
        candidates = np.where(free, overlap[row], -1.0)
        best = int(candidates.argmax()) if len(candidates) else -1
        if best < 0 or candidates[best] < min_overlap:
            matrix[num_classes, label] += 1
            continue
        free[best] = False
        hit[best] = truth_label[best] == label
        matrix[truth_label[best], label] += 1
    for label in truth_label[free]:
        matrix[label, num_classes] += 1
    return matrix, hit
