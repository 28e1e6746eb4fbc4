"""Normals as they are estimated for scans that have none."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet3d.registry import TRANSFORMS

from ....geometry.normals import estimate_normals
from ....structures.normal_points import NormalPoints
from ..argument_checks import check_count, check_probability
from ..point_selection import scene_label


@TRANSFORMS.register_module()
class EstimateNormals(BaseTransform):
    """Give the points normals estimated from them, in place of their own where they have some.

    They are turned towards the camera of the first frame, else towards the middle of the room, as
    ``Swin3DInferencer`` does for scans without normals. A mesh or a scanner knows which side of a surface is
    free; an estimate guesses it and blurs the edges: a network that learnt from the former alone does badly
    on the latter, which ``prob`` below 1 mends. Best behind a transform that thins or crops the cloud: its
    cost grows with the points.

    Args:
        k: Neighbours of each point.
        prob: Probability of estimating those of a sample.
    """

    def __init__(self, k: int = 16, prob: float = 1.0) -> None:
        self.k = check_count('k', k)
        self.prob = check_probability('prob', prob)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Give ``points`` columns 6 .. 8; needs points that were not moved since frames were matched."""
        if self.prob < 1 and np.random.rand() >= self.prob:
            return results
        points = results['points']
        if len(points) == 0:
            raise ValueError(f'{scene_label(results)}: points must hold at least one point, got none')
        frames = results.get('frames')
        viewpoint = frames[0].pose[:3, 3] if frames else None
        normals = estimate_normals(points.coord.numpy(), self.k, viewpoint)
        columns = np.concatenate([points.tensor[:, :6].numpy(), normals], axis=1)
        results['points'] = NormalPoints.from_columns(columns)
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(k={self.k}, prob={self.prob})'
