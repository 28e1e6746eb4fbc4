"""Label colours: of every point's class, and of where a prediction is right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# For labels that are none of the classes, such as the ignore index.
UNLABELED_COLOR = (70, 70, 70)
RIGHT_COLOR, WRONG_COLOR = (205, 205, 205), (220, 30, 30)


def label_colors(label: np.ndarray, palette: Sequence[Sequence[int]]) -> np.ndarray:
    """The palette colour of every label.

    Args:
        label: (P,) integer class indices; others than 0..len(palette) - 1 are drawn dark grey.
        palette: (classes, 3) in 0..255.

    Returns:
        (P, 3) uint8.

    Raises:
        ValueError: For labels that are no integers or a palette of another shape or range.
    """
    label, table = np.asarray(label), np.asarray(palette)
    if label.ndim != 1 or label.dtype.kind not in 'iu':
        raise ValueError(f'label: expected integers (P,), got {label.dtype} {label.shape}')
    if table.ndim != 2 or table.shape[1] != 3 or table.min() < 0 or table.max() > 255:
        raise ValueError(f'palette: expected (classes, 3) in 0..255, got {palette}')
    table = np.vstack([table, UNLABELED_COLOR]).astype(np.uint8)
    known = (label >= 0) & (label < len(table) - 1)
    return table[np.where(known, label, len(table) - 1).astype(np.int64)]


def error_colors(truth: np.ndarray, prediction: np.ndarray, num_classes: int) -> np.ndarray:
    """The colour of every point by whether its prediction is right.

    Args:
        truth: (P,) class indices; others than 0..num_classes - 1 are drawn dark grey.
        prediction: (P,) class indices.
        num_classes: Number of classes.

    Returns:
        (P, 3) uint8.
    """
    colors = np.where((truth == prediction)[:, None], RIGHT_COLOR, WRONG_COLOR)
    is_labelled = (truth >= 0) & (truth < num_classes)
    return np.where(is_labelled[:, None], colors, UNLABELED_COLOR).astype(np.uint8)
