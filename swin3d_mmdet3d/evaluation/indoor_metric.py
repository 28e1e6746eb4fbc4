"""mAP and mAR of boxes over the classes that occur in the ground truth."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import torch
from mmdet3d.evaluation import IndoorMetric
from mmdet3d.registry import METRICS
from mmengine.logging import print_log
from torch import Tensor

from .unlabelled_scenes import WithoutTruth, with_truth


@METRICS.register_module()
class PresentClassIndoorMetric(IndoorMetric):
    """mmdet3d's ``IndoorMetric`` over the classes of which the evaluated scenes have a box.

    The stock metric divides by the number of boxes of every class that is predicted, so that one prediction
    of a class without boxes makes its mean NaN. Here such classes are left out of the mean and named in a
    warning. Where every class occurs, as in the validation sets of the benchmarks, both agree.
    """

    def process(self, data_batch: dict, data_samples: Sequence[dict[str, Any]]) -> None:
        """Keep truth and prediction of a batch of scenes; scenes without truth count for nothing."""
        for sample in data_samples:
            if 'gt_bboxes_3d' in sample.get('eval_ann_info', {}):
                super().process(data_batch, [sample])
            else:
                self.results.append(WithoutTruth())

    def compute_metrics(
        self, results: list[tuple[dict[str, Any], dict[str, Any]] | WithoutTruth]
    ) -> dict[str, float]:
        """Mean and class-wise average precision and recall at each IoU threshold; none without truth.

        Raises:
            ValueError: If the scenes with truth have no box at all.
        """
        results = with_truth(results, 'boxes to compare with')
        if not results:
            return {}
        present = {int(label) for truth, _ in results for label in truth['gt_labels_3d']}
        names = self.dataset_meta['classes']
        if not present:
            raise ValueError(
                f'the ground truth must hold at least one box, got none in {len(results)} scenes'
            )
        absent = [name for label, name in enumerate(names) if label not in present]
        if absent:
            print_log(
                f'{len(absent)} of {len(names)} classes have no box in the {len(results)} evaluated scenes '
                f'and are left out of the mean: {", ".join(absent)}',
                logger='current',
                level=logging.WARNING,
            )
        kept = torch.tensor(sorted(present))
        return super().compute_metrics([(truth, _of_classes(boxes, kept)) for truth, boxes in results])


def _of_classes(prediction: dict[str, Any], labels: Tensor) -> dict[str, Any]:
    """The boxes of a prediction whose class is among ``labels``."""
    keep = torch.isin(prediction['labels_3d'], labels)
    return {**prediction, **{key: prediction[key][keep] for key in ('bboxes_3d', 'scores_3d', 'labels_3d')}}
