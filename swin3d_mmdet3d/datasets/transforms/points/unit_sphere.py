"""Objects in the unit sphere, stretched and shifted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet3d.registry import TRANSFORMS

from ..argument_checks import check_range


@TRANSFORMS.register_module()
class NormalizeUnitSphere(BaseTransform):
    """Move the mean of the points to the origin and scale the farthest one to a distance of 1.

    Points that all coincide become the origin.

    Source: pc_norm of the data sets of github.com/ZrrSkywalker/I2P-MAE.
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Change ``points``."""
        xyz = results['points'].coord.numpy().astype(np.float64)
        xyz -= xyz.mean(axis=0)
        radius = np.linalg.norm(xyz, axis=1).max()
        results['points'].coord = (xyz / radius if radius > 0 else xyz * 0).astype(np.float32)
        return results


@TRANSFORMS.register_module()
class RandomAxisScaleShift(BaseTransform):
    """Scale each axis by a factor of its own, then shift each axis.

    Args:
        scale_range: Least and largest factor, above 0.
        shift: Largest shift along each axis, in the unit of the points.

    Source: PointcloudScaleAndTranslate of github.com/ZrrSkywalker/I2P-MAE.
    """

    def __init__(self, scale_range: Sequence[float] = (2 / 3, 3 / 2), shift: float = 0.2) -> None:
        self.scale_range = check_range('scale_range', scale_range)
        if self.scale_range[0] <= 0:
            raise ValueError(f'scale_range must be above 0, got {scale_range}')
        self.shift = check_range('shift', (0, shift))[1]

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Change ``points``."""
        xyz = results['points'].coord.numpy()
        scale = np.random.uniform(*self.scale_range, 3)
        shift = np.random.uniform(-self.shift, self.shift, 3)
        results['points'].coord = (xyz * scale + shift).astype(np.float32)
        return results
