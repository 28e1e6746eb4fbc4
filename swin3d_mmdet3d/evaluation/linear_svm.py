"""Linear support vector machine on frozen features of objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from mmdet3d.registry import METRICS
from mmengine.evaluator import BaseMetric

from ..optional_packages import optional_package

PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
"""What the penalty is chosen from, for standardised features."""


class ChosenPenalty(NamedTuple):
    """A penalty C and the accuracy that it has in cross-validation, in [0, 1]."""

    penalty: float
    accuracy: float


def choose_penalty(
    feats: np.ndarray, labels: np.ndarray, penalties: Sequence[float] = PENALTIES, folds: int = 5
) -> ChosenPenalty:
    """The penalty of the best mean accuracy over the folds of the training set, the smaller one of equals.

    Folds are always the same ones. Where they can, they divide the objects of every class evenly: at a small
    penalty a machine prefers the class with more objects, though it be by one. A class of one object, which
    cannot be on both sides, chooses nothing.

    Args:
        feats: ``(N, C)`` features.
        labels: ``(N,)`` int classes.
        penalties: What to choose from.
        folds: Most folds; no more than the smallest class has objects are made.

    Raises:
        ValueError: Naming ``labels``, if fewer than two classes have several objects.
    """
    _, place, counts = np.unique(labels, return_inverse=True, return_counts=True)
    several = counts[place] > 1
    feats, labels = feats[several], labels[several]
    if (counts > 1).sum() < 2:
        raise ValueError(
            f'labels must have two classes of several objects, got objects a class {counts.tolist()}'
        )
    count = _num_folds(counts[counts > 1], folds)
    selection = optional_package('sklearn.model_selection', 'objects', 'a linear SVM')
    splits = selection.StratifiedKFold(count, shuffle=True, random_state=0)
    parts = list(splits.split(feats, labels))
    scores = [
        np.mean([svm_accuracy(feats[a], labels[a], feats[b], labels[b], penalty) for a, b in parts])
        for penalty in sorted(penalties)
    ]
    best = int(np.argmax(scores))
    return ChosenPenalty(sorted(penalties)[best], float(scores[best]))


def _num_folds(counts: np.ndarray, most: int) -> int:
    """The most folds that divide the classes evenly, from 3 up; as many as can be where none does."""
    most = min(most, int(counts.min()))
    even = [folds for folds in range(3, most + 1) if not (counts % folds).any()]
    return max(even, default=most)


def svm_accuracy(
    feats: np.ndarray, labels: np.ndarray, test_feats: np.ndarray, test_labels: np.ndarray, penalty: float
) -> float:
    """Accuracy in [0, 1] of a linear SVM, one class against another, on test features ``(M, C)``."""
    svm = optional_package('sklearn.svm', 'objects', 'a linear SVM')
    machine = svm.SVC(C=penalty, kernel='linear').fit(feats, labels)
    return float(machine.score(test_feats, test_labels))


@METRICS.register_module()
class LinearSVMMetric(BaseMetric):
    """Accuracy on test objects of a linear SVM that is fitted to the features of training objects.

    Features are brought to mean 0 and variance 1 over the training objects, since those of some networks
    hardly differ between objects.
    The loader gives both, told apart by ``split``. The penalty C is chosen by cross-validation on the
    training objects alone; the test objects choose nothing. The accuracy on the features as they
    are at the published C stands beside it, since what a random network reaches depends on both.

    Args:
        penalties: What C is chosen from.
        published_penalty: C of the paper.
        folds: Of the cross-validation.
        collect_device: 'cpu' or 'gpu', where ranks exchange their features.
        prefix: Put before the names of the scores.

    Source: arXiv 2212.06785, section 4.1; C = 0.0093 for ModelNet40 in tools/runner_test_svm.py of
        github.com/ZrrSkywalker/I2P-MAE.
    """

    def __init__(
        self,
        penalties: Sequence[float] = PENALTIES,
        published_penalty: float = 0.0093,
        folds: int = 5,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.penalties = tuple(penalties)
        self.published_penalty = published_penalty
        self.folds = folds

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Keep ``object_feature`` (C,), ``gt_label`` (1,) and ``split`` of each sample."""
        for sample in data_samples:
            feature = torch.as_tensor(sample['object_feature']).cpu().numpy()
            self.results.append((sample['split'], int(sample['gt_label']), feature))

    def compute_metrics(self, results: list[tuple[str, int, np.ndarray]]) -> dict[str, float]:
        """Accuracies in [0, 1] and the C of the first.

        Raises:
            ValueError: If there are no objects of the split 'train', or none of another one.
        """
        is_train = np.array([split == 'train' for split, _, _ in results])
        if is_train.all() or not is_train.any():
            splits = sorted({split for split, _, _ in results})
            raise ValueError(f"the loader must give objects of the split 'train' and others, got {splits}")
        labels = np.array([label for _, label, _ in results])
        feats = np.stack([feature for _, _, feature in results])
        plain = feats[is_train], labels[is_train], feats[~is_train], labels[~is_train]
        deviation = plain[0].std(axis=0)
        scaled = (feats - plain[0].mean(axis=0)) / np.where(deviation > 0, deviation, 1)
        known = scaled[is_train], labels[is_train]
        chosen = choose_penalty(*known, self.penalties, self.folds)
        return dict(
            svm_accuracy=svm_accuracy(*known, scaled[~is_train], labels[~is_train], chosen.penalty),
            svm_penalty=chosen.penalty,
            svm_cross_validation=chosen.accuracy,
            svm_accuracy_at_published_penalty=svm_accuracy(*plain, self.published_penalty),
        )
