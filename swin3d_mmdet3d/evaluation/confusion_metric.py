"""The segmentation metric that counts a confusion matrix a scene and forgets the predictions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmdet3d.registry import METRICS
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger

from .confusion_matrix import confusion_matrix, mean_of_present, scores_table, segmentation_scores
from .unlabelled_scenes import WithoutTruth, with_truth


@METRICS.register_module()
class ConfusionSegMetric(BaseMetric):
    """Semantic segmentation scores from the sum of the scenes' confusion matrices.

    The scores are those of mmdet3d's SegMetric, under the same names: each class's IoU, ``miou``, ``acc``
    and ``acc_cls``. SegMetric keeps all predictions and labels until the end; this one keeps ``(C, C)``
    counts a scene, and the sum stays in :attr:`matrix` for scores over several runs. Where the data set's
    METAINFO has ``class_groups``, such as head, common and tail of ScanNet200, ``miou_<group>`` is the mean
    IoU of the group's classes.

    Args:
        collect_device: 'cpu' or 'gpu', where ranks exchange their counts.
        prefix: Put before the names of the scores.
    """

    def __init__(self, collect_device: str = 'cpu', prefix: str | None = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.matrix: np.ndarray | None = None

    def process(self, data_batch: dict, data_samples: Sequence[dict[str, Any]]) -> None:
        """Count the points of a batch of scenes.

        Scenes without labels count for nothing; how many there were is logged.

        Raises:
            ValueError: If a scene has not one prediction for each point, with its name.
        """
        for sample in data_samples:
            truth = sample.get('eval_ann_info', {}).get('pts_semantic_mask')
            scene = sample.get('lidar_path', 'a scene')
            if truth is None:
                self.results.append(WithoutTruth())
                continue
            label = torch.as_tensor(sample['pred_pts_seg']['pts_semantic_mask']).cpu().numpy()
            try:
                matrix = confusion_matrix(truth, label, len(self.dataset_meta['label2cat']))
            except ValueError as error:
                raise ValueError(f'{scene}: {error}') from error
            self.results.append(matrix)

    def compute_metrics(self, results: list[np.ndarray | WithoutTruth]) -> dict[str, float]:
        """Scores of the sum of the matrices; the table goes to the log. None where no scene has labels."""
        results = with_truth(results, 'labels')
        if not results:
            return {}
        names = [name for _, name in sorted(self.dataset_meta['label2cat'].items())]
        self.matrix = np.sum(results, axis=0)
        scores = segmentation_scores(self.matrix)
        metrics = dict(zip(names, scores.iou.tolist()))
        metrics.update(miou=scores.mean_iou, acc=scores.accuracy, acc_cls=scores.mean_accuracy)
        for group, members in self.dataset_meta.get('class_groups', {}).items():
            rows = [row for row, name in enumerate(names) if name in members]
            metrics[f'miou_{group}'] = mean_of_present(scores.iou[rows])
        MMLogger.get_current_instance().info(f'\n{scores_table(scores, names)}')
        return metrics
