"""The evaluator that writes a benchmark submission instead of scores."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmdet3d.registry import METRICS
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger

from .submission_files import scene_text, write_submission


@METRICS.register_module()
class SegSubmission(BaseMetric):
    """Write the predictions of a split as a submission to the test server of ScanNet or ScanNet200.

    The raw ids are those of the data set's classes, so that the files of data sets without a server, such as
    S3DIS, compare with their semantic masks. Labels are not needed. Each rank keeps the text of its
    scans; the first one writes the file. mmdet3d's SegMetric has an argument for this that does not run.

    Args:
        path: The zip file to write.
        collect_device: 'cpu' or 'gpu', where ranks exchange their scans.
        prefix: Put before the name of the count that is reported.
    """

    def __init__(
        self, path: str | os.PathLike, collect_device: str = 'cpu', prefix: str | None = None
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        if Path(path).suffix != '.zip':
            raise ValueError(f'path must end in .zip, got {path}')
        self.path = Path(path)

    def process(self, data_batch: dict, data_samples: Sequence[dict[str, Any]]) -> None:
        """Turn the classes of a batch of scans into text.

        Raises:
            ValueError: If a scan has no file name, or a label that is no class.
        """
        raw_ids = np.full(len(self.dataset_meta['label2cat']), -1)
        for raw_id, label in self.dataset_meta['label_mapping'].items():
            if label < len(raw_ids):
                raw_ids[label] = raw_id
        for sample in data_samples:
            if not sample.get('lidar_path'):
                raise ValueError('data samples must carry lidar_path, which names the scan; got none')
            scene = Path(sample['lidar_path']).stem
            label = torch.as_tensor(sample['pred_pts_seg']['pts_semantic_mask']).cpu().numpy()
            if label.min() < 0 or label.max() >= len(raw_ids):
                raise ValueError(
                    f'scene {scene}: labels must be 0 .. {len(raw_ids) - 1}, '
                    f'got {label.min()} .. {label.max()}'
                )
            self.results.append((scene, scene_text(raw_ids[label])))

    def compute_metrics(self, results: list[tuple[str, str]]) -> dict[str, float]:
        """Write the file and report the number of scans in it."""
        write_submission(self.path, results)
        MMLogger.get_current_instance().info(f'wrote {self.path} with {len(results)} scans')
        return dict(scenes=len(results))
