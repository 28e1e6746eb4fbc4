"""The hook that draws what a test says: confusion matrix, scores of the classes, and the worst scenes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from mmdet3d.registry import HOOKS
from mmdet3d.structures import Det3DDataSample
from mmengine.dist import all_gather_object, master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ..atomic_write import atomic_write
from ..evaluation import ConfusionSegMetric, confusion_matrix, segmentation_scores
from ..evaluation.box_confusion import box_confusion
from ..visualization import error_colors, label_colors
from ..visualization.label_colors import RIGHT_COLOR, WRONG_COLOR
from ..visualization.picture_sheet import Column, color_column, picture_sheet
from ..visualization.prediction_picture import box_column, class_legend
from ..visualization.score_charts import write_bar_chart, write_confusion_chart
from .detected_boxes import DetectedBoxes
from .tested_scenes import TestedScenes

MIN_SCORE, MIN_OVERLAP = 0.3, 0.25  # of the boxes that are counted, and of a match


class SceneResult(NamedTuple):
    """One scene that may be drawn: its file, its score, and its labels or boxes with the truth."""

    path: str
    score: float
    found: Any
    truth: Any


@HOOKS.register_module()
class TestReportHook(Hook):
    """Draw the report of a test into a folder.

    ``confusion_matrix.png``: of points, or of boxes that overlap by an IoU of 0.25; ``missed`` and
    ``nothing`` stand for boxes without a partner. ``classes.png``: a bar for each class, IoU and accuracy,
    or AP. ``worst_1_<scene>.png`` and so on: the scenes of the least mIoU, or of the least share of boxes
    found, with colour, truth, prediction and what is wrong.

    Args:
        folder: Where to; made where it is missing.
        num_worst: How many scenes are drawn.
    """

    __test__ = False

    def __init__(self, folder: str | os.PathLike, num_worst: int = 3) -> None:
        if num_worst < 0:
            raise ValueError(f'num_worst: expected 0 or more, got {num_worst}')
        self.folder = Path(folder)
        self.num_worst = num_worst

    def before_test(self, runner: Runner) -> None:
        """Look up where the scenes' points come from."""
        self._scenes = TestedScenes(runner)
        self._worst: list[SceneResult] = []
        self._boxes = np.zeros([len(self._scenes.names) + 1] * 2, dtype=np.int64)

    def after_test_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Sequence[Det3DDataSample] | None = None,
    ) -> None:
        """Keep the scenes that are worse than those kept so far."""
        for sample in self._scenes.once(batch_idx, outputs):
            result = self._result(sample)
            if result is not None:
                self._worst = self._of_least_score([*self._worst, result])

    def after_test_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Join what the processes kept, and write the report; nothing where no scene has a truth."""
        worst, boxes = zip(*all_gather_object((self._worst, self._boxes)))
        self._worst, self._boxes = self._of_least_score(chain(*worst)), sum(boxes)
        self._write(runner, metrics)

    def _of_least_score(self, results: Iterable[SceneResult]) -> list[SceneResult]:
        """As many of the results as are drawn, the worst first."""
        return sorted(results, key=lambda it: (it.score, it.path))[: self.num_worst]

    @master_only
    def _write(self, runner: Runner, metrics: dict[str, float] | None) -> None:
        """Draw the matrix, the bars and the scenes."""
        names = list(self._scenes.names)
        matrices = [
            metric.matrix
            for metric in runner.test_loop.evaluator.metrics
            if isinstance(metric, ConfusionSegMetric) and metric.matrix is not None
        ]
        if matrices:
            scores = segmentation_scores(matrices[0])
            write_confusion_chart(self.folder / 'confusion_matrix.png', matrices[0], names, names)
            bars = {'IoU': scores.iou, 'accuracy': scores.class_accuracy}
            means = {'IoU': scores.mean_iou, 'accuracy': scores.mean_accuracy}
            write_bar_chart(self.folder / 'classes.png', names, bars, means)
        if self._boxes.any():
            rows, columns = [*names, 'nothing'], [*names, 'missed']
            write_confusion_chart(self.folder / 'confusion_matrix.png', self._boxes, rows, columns)
            self._draw_precision(metrics or {})
        for number, result in enumerate(self._worst, 1):
            stem = f'worst_{number}_{Path(result.path).stem}'
            with atomic_write(self.folder / f'{stem}.png') as part:
                self._picture(result).save(part)
        if matrices or self._boxes.any():
            runner.logger.info(f'the report of the test is in {self.folder}')

    def _result(self, sample: Det3DDataSample) -> SceneResult | None:
        """The score of a scene by its truth; None without one."""
        truth, label = self._scenes.truth(sample), self._scenes.labels(sample)
        if label is not None and truth.get('pts_semantic_mask') is not None:
            mask = np.asarray(truth['pts_semantic_mask'])
            scores = segmentation_scores(confusion_matrix(mask, label, len(self._scenes.names)))
            return SceneResult(sample.lidar_path, np.nan_to_num(scores.mean_iou, nan=1.0), label, mask)
        if 'pred_instances_3d' in sample and truth.get('gt_bboxes_3d') is not None:
            return self._box_result(sample, truth)
        return None

    def _box_result(self, sample: Det3DDataSample, truth: dict[str, Any]) -> SceneResult:
        """The share of a scene's boxes that were found; their matches are counted."""
        found = sample.pred_instances_3d
        order = found.scores_3d.argsort(descending=True, stable=True)
        order = order[found.scores_3d[order] >= MIN_SCORE]
        boxes, own = found.bboxes_3d[order].to('cpu'), truth['gt_bboxes_3d'].to('cpu')
        overlap = np.zeros((len(boxes), len(own)))
        if overlap.size:
            overlap = boxes.overlaps(boxes, own).numpy()
        own_label = torch.as_tensor(truth['gt_labels_3d'])
        label = found.labels_3d[order].cpu()
        matrix, hit = box_confusion(
            overlap, label.numpy(), own_label.numpy(), len(self._scenes.names), MIN_OVERLAP
        )
        self._boxes += matrix
        truth_boxes = DetectedBoxes.of_boxes(own, own_label)
        found_boxes = DetectedBoxes.of_boxes(boxes, label, found.scores_3d[order])
        share = float(hit.mean()) if len(hit) else 1.0
        return SceneResult(sample.lidar_path, share, found_boxes, (truth_boxes, truth_boxes[~hit]))

    def _draw_precision(self, metrics: dict[str, float]) -> None:
        """Bars of the classes' average precision, by the names that IndoorMetric gives them."""
        names, bars, means = self._scenes.names, {}, {}
        for overlap in ('0.25', '0.50'):
            values = [metrics.get(f'{name}_AP_{overlap}', float('nan')) for name in names]
            if np.isfinite(values).any():
                bars[f'AP@{overlap}'] = np.array(values)
                means[f'AP@{overlap}'] = metrics.get(f'mAP_{overlap}', float('nan'))
        if bars:
            write_bar_chart(self.folder / 'classes.png', names, bars, means)

    def _picture(self, result: SceneResult) -> Any:
        """A scene's colour, truth, prediction and errors side by side."""
        scan, names, palette = self._scenes.scan(result.path), self._scenes.names, self._scenes.palette
        first = color_column(scan.xyz, scan.color, scan.normal)
        if isinstance(result.found, DetectedBoxes):
            truth, missed = result.truth
            sets = [
                truth.drawn('truth', is_certain=True),
                result.found.drawn('prediction'),
                missed.drawn('missed', is_certain=True),
            ]
            columns = [first, *(box_column(it, first, palette, names) for it in sets)]
            present = np.concatenate([truth.label, result.found.label])
            return picture_sheet(scan.xyz, columns, class_legend(present, palette, names))
        scored = (result.truth >= 0) & (result.truth < len(names))
        columns = [
            first,
            Column('truth', label_colors(result.truth, palette)),
            Column(f'prediction, mIoU {100 * result.score:.1f}', label_colors(result.found, palette)),
            Column(
                f'error, {100 * (result.truth != result.found)[scored].mean():.1f} %',
                error_colors(result.truth, result.found, len(names)),
            ),
        ]
        legend = class_legend(np.concatenate([result.truth, result.found]), palette, names)
        return picture_sheet(scan.xyz, columns, [*legend, ('right', RIGHT_COLOR), ('wrong', WRONG_COLOR)])
