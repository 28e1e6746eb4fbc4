"""The evaluator that keeps what a test predicts in one file, beside scores or in place of them."""

from __future__ import annotations

import os
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmdet3d.registry import METRICS
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger

from ..atomic_write import atomic_write


@METRICS.register_module()
class PredictionFile(BaseMetric):
    """Write the predictions of a test as one pickle of NumPy arrays; no ground truth is needed.

    The file holds a dict: ``classes``, their names, and ``scenes``, a dict for each scene in the order of the
    data set with ``lidar_path`` and, from a segmentor, ``pts_semantic_mask`` ``(P,)`` int64 class indices in
    the order of the points, from a detector ``bboxes_3d`` ``(B, 7)`` float32 (gravity centre, full edge
    lengths in metres, yaw in radians counter-clockwise from above, in the frame of the data set's pipeline),
    ``scores_3d`` ``(B,)`` float32 and ``labels_3d`` ``(B,)`` int64. mmengine's DumpResults would keep every
    logit as well, gigabytes for a validation set.

    Args:
        path: The file, ending in .pkl or .pickle; it appears whole or not at all.
        collect_device: 'cpu' or 'gpu', where ranks exchange their scenes.
        prefix: Put before the name of the count that is reported.

    Raises:
        ValueError: If the ending of ``path`` is another.
    """

    def __init__(
        self, path: str | os.PathLike, collect_device: str = 'cpu', prefix: str | None = None
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.path = Path(path)
        if self.path.suffix not in ('.pkl', '.pickle'):
            raise ValueError(f'path must end in .pkl or .pickle, got {path}')

    def process(self, data_batch: dict, data_samples: Sequence[dict[str, Any]]) -> None:
        """Keep labels or boxes of a batch of scenes."""
        self.results.extend(_scene(sample) for sample in data_samples)

    def compute_metrics(self, results: list[dict[str, Any]]) -> dict[str, float]:
        """Write the file; there is no score."""
        content = dict(classes=list(self.dataset_meta['classes']), scenes=results)
        with atomic_write(self.path) as part, open(part, 'wb') as file:
            pickle.dump(content, file)
        MMLogger.get_current_instance().info(f'wrote {self.path} with {len(results)} scenes')
        return {}


def _scene(sample: dict[str, Any]) -> dict[str, Any]:
    """The arrays of a scene's prediction."""
    scene: dict[str, Any] = dict(lidar_path=sample.get('lidar_path'))
    if 'pred_pts_seg' in sample:
        scene['pts_semantic_mask'] = _array(sample['pred_pts_seg']['pts_semantic_mask'], np.int64)
    if 'pred_instances_3d' in sample:
        found = sample['pred_instances_3d']
        boxes = found['bboxes_3d']
        geometry = torch.cat([boxes.gravity_center, boxes.dims, boxes.yaw[:, None]], dim=1)
        scene.update(bboxes_3d=_array(geometry, np.float32), scores_3d=_array(found['scores_3d'], np.float32))
        scene['labels_3d'] = _array(found['labels_3d'], np.int64)
    return scene


def _array(values: Any, dtype: type) -> np.ndarray:
    return torch.as_tensor(values).cpu().numpy().astype(dtype)
