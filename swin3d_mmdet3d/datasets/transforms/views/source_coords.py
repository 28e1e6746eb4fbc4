"""Which point of the recording each point is, and where it lay."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet3d.registry import TRANSFORMS

from ..point_selection import add_field, point_ids


def number_points(results: dict[str, Any]) -> np.ndarray:
    """The ``point_ids`` of the points; 0 .. P - 1 from now on where they had none."""
    if point_ids(results) is None:
        add_field(results, 'per_point', 'point_ids', np.arange(len(results['points'])))
    return point_ids(results)


@TRANSFORMS.register_module()
class SourceCoords(BaseTransform):
    """Remember which point is which and where it lay before augmentation.

    Added fields of the points: ``source_xyz`` (P, 3) float32 metres, and ``point_ids`` (P,) int64 unless the
    frames were matched already. Matchers pair the points of two views by them.
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Add both fields."""
        number_points(results)
        add_field(results, 'per_point', 'source_xyz', results['points'].coord.numpy().copy())
        return results
