r"""Confusion matrices of segmentation and the scores that follow from them.

    IoU_c = M_cc / (sum_j M_cj + sum_i M_ic - M_cc)        accuracy_c = M_cc / sum_j M_cj

with M_ij the number of points of class i that were called class j. A class that neither truth nor prediction
has is left out of the mIoU; one that is predicted where the truth lacks it has the IoU 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from terminaltables import AsciiTable


def confusion_matrix(truth: np.ndarray, prediction: np.ndarray, num_classes: int) -> np.ndarray:
    """Count the points of each pair of classes.

    Args:
        truth: ``(P,)`` class labels; points of any label outside ``0 .. num_classes - 1`` do not count.
        prediction: ``(P,)`` class labels.
        num_classes: Number of classes C.

    Returns:
        ``(C, C)`` int64, row = truth, column = prediction.

    Raises:
        ValueError: If the lengths differ, labels are no whole numbers or a counted prediction is no class.
    """
    truth, prediction = np.asarray(truth), np.asarray(prediction)
    if truth.shape != prediction.shape:
        raise ValueError(
            f'truth and prediction must have one shape, got {truth.shape} and {prediction.shape}'
        )
    for name, labels in (('truth', truth), ('prediction', prediction)):
        if labels.dtype.kind not in 'iub':
            raise ValueError(f'{name} must hold whole numbers, got {labels.dtype}')
    counts = (truth >= 0) & (truth < num_classes)
    truth, prediction = truth[counts].astype(np.int64), prediction[counts].astype(np.int64)
    if len(prediction) and not (0 <= prediction.min() and prediction.max() < num_classes):
        raise ValueError(
            f'prediction must hold classes 0 .. {num_classes - 1}, '
            f'got {prediction.min()} .. {prediction.max()}'
        )
    flat = np.bincount(truth * num_classes + prediction, minlength=num_classes**2)
    return flat.reshape(num_classes, num_classes)


@dataclass(frozen=True, eq=False)
class SegmentationScores:
    """Scores of a segmentation, each in [0, 1].

    Attributes:
        iou: ``(C,)`` float64, NaN for a class that neither truth nor prediction has.
        class_accuracy: ``(C,)`` float64, NaN for a class that the truth does not have.
        accuracy: Share of the points with the right class (OA).
    """

    iou: np.ndarray
    class_accuracy: np.ndarray
    accuracy: float

    @property
    def mean_iou(self) -> float:
        """mIoU over the classes that truth or prediction has: one that the truth lacks counts 0."""
        return mean_of_present(self.iou)

    @property
    def mean_iou_of_truth(self) -> float:
        """Mean IoU over the classes that the truth has; NaN where there is none."""
        return mean_of_present(self.iou[~np.isnan(self.class_accuracy)])

    @property
    def mean_accuracy(self) -> float:
        """mAcc over the classes that the truth has; NaN where there is none."""
        return mean_of_present(self.class_accuracy)


def segmentation_scores(matrix: np.ndarray) -> SegmentationScores:
    """IoU and accuracy of each class, and the overall accuracy, of a ``(C, C)`` confusion matrix."""
    matrix = np.asarray(matrix, dtype=np.float64)
    hits, of_truth, of_prediction = np.diag(matrix), matrix.sum(axis=1), matrix.sum(axis=0)
    total = matrix.sum()
    return SegmentationScores(
        iou=_ratio(hits, of_truth + of_prediction - hits),
        class_accuracy=_ratio(hits, of_truth),
        accuracy=float(hits.sum() / total) if total else float('nan'),
    )


def mean_of_present(values: np.ndarray) -> float:
    """Mean of the values that are not NaN; NaN where there is none."""
    present = values[~np.isnan(values)]
    return float(present.mean()) if len(present) else float('nan')


def scores_table(scores: SegmentationScores, names: Sequence[str]) -> str:
    """A table with a line for each class, '-' for NaN, and the means in the last line."""

    def cell(value: float) -> str:
        return '-' if np.isnan(value) else f'{value:.4f}'

    rows = [[name, cell(iou), cell(acc)] for name, iou, acc in zip(names, scores.iou, scores.class_accuracy)]
    rows.append(['mean', cell(scores.mean_iou), cell(scores.mean_accuracy)])
    table = AsciiTable([['class', 'IoU', 'accuracy'], *rows])
    table.inner_footing_row_border = True
    return f'{table.table}\noverall accuracy {cell(scores.accuracy)}'


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.where(whole > 0, part / np.maximum(whole, 1), np.nan)
