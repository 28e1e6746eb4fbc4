"""Normals as they are estimated for scans that have none."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmdet3d.registry import TRANSFORMS

from ....geometry.normals import estimate_normals
from ....structures.normal_points import NormalPoints
from ..argument_checks import check_probability


@TRANSFORMS.register_module()
class ReestimateNormals(BaseTransform):
    """Give the points of some samples estimated normals in place of their own.

    Meshes and scanners know which side of a surface is free. For a bare cloud it has to be guessed
    (:func:`estimate_normals`, which ``Swin3DInferencer`` and the tools of preparation use), and neighbours blur
    the edges: a network that was trained on the former alone has never seen the latter. Required key:
    ``points`` with 6 or 9 columns, in metres with z up.

    Args:
        prob: Probability of estimating them.
    """

    def __init__(self, prob: float = 0.5) -> None:
        self.prob = check_probability('prob', prob)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Replace columns 6 .. 8 of ``points``."""
        if np.random.rand() >= self.prob:
            return results
        points = results['points']
        normal = estimate_normals(points.coord.numpy().astype(np.float64))
        columns = torch.cat([points.tensor[:, :6], torch.from_numpy(normal)], dim=1)
        results['points'] = NormalPoints.from_columns(columns)
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(prob={self.prob})'
