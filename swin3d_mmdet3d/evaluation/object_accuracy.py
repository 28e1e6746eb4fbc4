"""Accuracy of the classes of objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmdet3d.registry import METRICS
from mmengine.evaluator import BaseMetric


@METRICS.register_module()
class ObjectAccuracy(BaseMetric):
    """Share of the objects, and mean share over the classes, whose class is right; both in [0, 1]."""

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Keep ``pred_label`` (1,) and ``gt_label`` (1,) of each sample."""
        self.results += [(int(sample['pred_label']), int(sample['gt_label'])) for sample in data_samples]

    def compute_metrics(self, results: list[tuple[int, int]]) -> dict[str, float]:
        """``accuracy`` and ``class_accuracy``."""
        found, wanted = np.array(results).T
        right = found == wanted
        each = [right[wanted == label].mean() for label in np.unique(wanted)]
        return dict(accuracy=float(right.mean()), class_accuracy=float(np.mean(each)))


@METRICS.register_module()
class PartIoUMetric(BaseMetric):
    """Mean IoU of the parts of objects, over the objects and over their categories; in [0, 1].

    The IoU of an object is the mean over the parts of its category; a part that neither truth nor prediction
    has counts 1.

    Args:
        parts: Name of each category and its parts, in the order of the labels.
        collect_device: 'cpu' or 'gpu', where ranks exchange their scores.
        prefix: Put before the names of the scores.

    Source: arXiv 1612.00593 (PointNet), section 5.1.
    """

    def __init__(
        self, parts: dict[str, Sequence[int]], collect_device: str = 'cpu', prefix: str | None = None
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.parts = [list(own) for own in parts.values()]

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Keep category and IoU of each object, out of the parts (P,) that it has and that are predicted."""
        for sample in data_samples:
            found, wanted = (
                np.asarray(sample[key]['pts_semantic_mask']) for key in ('pred_pts_seg', 'gt_pts_seg')
            )
            category = int(sample['gt_label'])
            scores = [_iou(found == part, wanted == part) for part in self.parts[category]]
            self.results.append((category, float(np.mean(scores))))

    def compute_metrics(self, results: list[tuple[int, float]]) -> dict[str, float]:
        """``instance_miou`` and ``category_miou``."""
        category, score = np.array([c for c, _ in results]), np.array([s for _, s in results])
        each = [score[category == number].mean() for number in np.unique(category)]
        return dict(instance_miou=float(score.mean()), category_miou=float(np.mean(each)))


def _iou(found: np.ndarray, wanted: np.ndarray) -> float:
    union = (found | wanted).sum()
    return float((found & wanted).sum() / union) if union else 1.0
