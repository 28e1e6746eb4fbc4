"""Segmentation score: intersection over union of every class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from terminaltables import AsciiTable


def class_iou(truth: np.ndarray, prediction: np.ndarray, num_classes: int) -> np.ndarray:
    """IoU_c = |truth = c and prediction = c| / |truth = c or prediction = c|.

    Args:
        truth: (P,) class indices; points of any other label do not count.
        prediction: (P,) class indices.
        num_classes: number of classes.

    Returns:
        (num_classes,) float64, NaN for a class that the truth does not have.

    Raises:
        ValueError: when lengths differ.
    """
    truth, prediction = np.asarray(truth), np.asarray(prediction)
    if truth.shape != prediction.shape:
        raise ValueError(f'truth {truth.shape} and prediction {prediction.shape}: expected one shape')
    counts = (truth >= 0) & (truth < num_classes)
    truth, prediction = truth[counts], prediction[counts]
    hits = np.bincount(truth[truth == prediction], minlength=num_classes)
    in_truth = np.bincount(truth, minlength=num_classes)
    in_prediction = np.bincount(prediction, minlength=num_classes)
    union = in_truth + in_prediction - hits
    return np.where(in_truth > 0, hits / np.maximum(union, 1), np.nan)


def iou_table(iou: np.ndarray, names: Sequence[str]) -> str:
    """A table with a line for each class, '-' for NaN, and the mean of the others in the last line."""
    rows = [[name, '-' if np.isnan(value) else f'{value:.4f}'] for name, value in zip(names, iou)]
    rows.append(['mean of present', f'{np.nanmean(iou):.4f}'])
    table = AsciiTable([['class', 'IoU'], *rows])
    table.inner_footing_row_border = True
    table.justify_columns[1] = 'right'
    return table.table


def match_labels(label: np.ndarray, label_names: Sequence[str], names: Sequence[str]) -> np.ndarray:
    """Translate labels from one list of class names to another.

    Args:
        label: (P,) indices into `label_names`.
        label_names: the classes of `label`.
        names: the classes wanted.

    Returns:
        (P,) int64 indices into `names`, -1 for a class that is not among them.
    """
    places = {name.lower(): i for i, name in enumerate(names)}
    table = np.array([places.get(name.lower(), -1) for name in label_names] + [-1])
    known = (label >= 0) & (label < len(label_names))
    return table[np.where(known, label, len(label_names))].astype(np.int64)
