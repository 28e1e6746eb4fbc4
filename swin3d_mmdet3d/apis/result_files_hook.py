"""The hook that writes what a test predicts as files to look at."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from mmdet3d.registry import HOOKS
from mmdet3d.structures import Det3DDataSample
from mmengine.hooks import Hook
from mmengine.runner import Runner

from .boxed_scan_files import write_boxed_scan
from .detected_boxes import DetectedBoxes
from .labelled_scan_files import write_labelled_scan
from .tested_scenes import TestedScenes


@HOOKS.register_module()
class ResultFilesHook(Hook):
    """Write the prediction of every tested scene as PLY, picture and NPZ or JSON, named after the scene.

    The files are those of :func:`write_labelled_scan` for a segmentor and of :func:`write_boxed_scan` for a
    detector, in the frame of the data set (aligned by ``GlobalAlignment`` where the pipeline has it); where a
    scene has a ground truth, the picture shows it too.

    Args:
        folder: Where to; made where it is missing.
        score_thr: Boxes below this score are left out of the files.
    """

    def __init__(self, folder: str | os.PathLike, score_thr: float = 0.0) -> None:
        self.folder = Path(folder)
        self.score_thr = score_thr

    def before_test(self, runner: Runner) -> None:
        """Look up where the scenes' points come from."""
        self._scenes = TestedScenes(runner)

    def after_test_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Sequence[Det3DDataSample] | None = None,
    ) -> None:
        """Write the files of a batch of scenes.

        Raises:
            ValueError: If a scene has not one label for each of its points, with its name.
        """
        for sample in self._scenes.once(batch_idx, outputs):
            self._write(sample)

    def _write(self, sample: Det3DDataSample) -> None:
        """Write the files of one scene."""
        scenes = self._scenes
        scan, stem = scenes.scan(sample.lidar_path), Path(sample.lidar_path).stem
        label, truth = scenes.labels(sample), scenes.truth(sample)
        meta = dict(names=scenes.names, palette=scenes.palette)
        if label is not None:
            if label.shape != (len(scan),):
                raise ValueError(
                    f'{sample.lidar_path}: expected a label for each of {len(scan)} points, '
                    f'got {label.shape}: the test pipeline must keep all points'
                )
            mask = truth.get('pts_semantic_mask')
            write_labelled_scan(self.folder, stem, scan, label, truth=mask, **meta)
        if 'pred_instances_3d' in sample:
            boxes = DetectedBoxes.of_instances(sample.pred_instances_3d).best_first().above(self.score_thr)
            given = truth.get('gt_bboxes_3d')
            if given is not None:
                given = DetectedBoxes.of_boxes(given, torch.as_tensor(truth['gt_labels_3d']))
            write_boxed_scan(self.folder, stem, scan, boxes, truth=given, **meta)
