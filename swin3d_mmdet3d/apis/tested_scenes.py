"""The scenes of a test: their points as files and pictures show them, and what they are predicted to be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmdet3d.structures import Det3DDataSample
from mmengine.dataset import Compose
from mmengine.dist import get_dist_info
from mmengine.runner import Runner

from ..datasets.wrapped_settings import innermost_dataset
from ..scan_files import Scan
from .model_files import POINT_READERS


class TestedScenes:
    """The scenes of a runner's test data set.

    Attributes:
        names: Of the classes.
        palette: Of the classes, (C, 3) in 0..255.
    """

    __test__ = False  # no class of tests, whatever pytest makes of its name

    def __init__(self, runner: Runner) -> None:
        dataset = runner.test_dataloader.dataset
        infos = (dataset.get_data_info(index) for index in range(len(dataset)))
        self._infos = {info['lidar_points']['lidar_path']: info for info in infos}
        self._num_samples = len(dataset)
        self._batch_size = runner.test_dataloader.batch_sampler.batch_size
        pipeline = innermost_dataset(runner.cfg.test_dataloader).pipeline
        self._read = Compose([step for step in pipeline if step['type'] in POINT_READERS])
        self.names: tuple[str, ...] = tuple(dataset.metainfo['classes'])
        self.palette = dataset.metainfo['palette']

    def once(self, batch_idx: int, outputs: Sequence[Det3DDataSample] | None) -> list[Det3DDataSample]:
        """The samples of an iteration, each in one process alone.

        Samplers of distributed tests repeat the first samples at the end, so that all processes have as many.
        """
        rank, world_size = get_dist_info()
        first = batch_idx * self._batch_size
        positions = ((first + number) * world_size + rank for number in range(len(outputs or ())))
        return [sample for place, sample in zip(positions, outputs or ()) if place < self._num_samples]

    def scan(self, path: str) -> Scan:
        """The points of a scene, in the data set's order and frame."""
        points = self._read(dict(self._infos[path]))['points']
        color = points.color if (points.attribute_dims or {}).get('color') else None
        return Scan(
            points.coord.numpy().astype(np.float64),
            None if color is None else color.numpy().astype(np.float32),
        )

    @staticmethod
    def labels(sample: Det3DDataSample) -> np.ndarray | None:
        """(P,) int64 predicted class of every point; None of a detector."""
        if 'pred_pts_seg' not in sample:
            return None
        return torch.as_tensor(sample.pred_pts_seg.pts_semantic_mask).cpu().numpy().astype(np.int64)

    @staticmethod
    def truth(sample: Det3DDataSample) -> dict[str, Any]:
        """The ground truth of a scene, as its pipeline left it; empty where there is none."""
        return sample.get('eval_ann_info') or {}
