"""Moving a scene to the origin."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet3d.registry import TRANSFORMS

from ..point_selection import scene_label


def shift_scene(results: dict[str, Any], shift: np.ndarray) -> dict[str, Any]:
    """Translate points, in float64, and boxes by ``shift`` ``(3,)`` metres."""
    points = results['points']
    xyz = points.coord.numpy().astype(np.float64)
    points.coord = (xyz + shift).astype(np.float32)
    if 'gt_bboxes_3d' in results:
        results['gt_bboxes_3d'].translate(shift.astype(np.float32))
    return results


def scene_bounds(results: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest corner ``(3,)`` of the points in float64 metres."""
    xyz = results['points'].coord
    if len(xyz) == 0:
        raise ValueError(f'{scene_label(results)}: points must hold at least one point, got none')
    low, high = xyz.aminmax(dim=0)
    return low.numpy().astype(np.float64), high.numpy().astype(np.float64)


@TRANSFORMS.register_module()
class PositiveShift(BaseTransform):
    """Move a scene so that its lowest corner is the origin; boxes move along.

    Source: PositiveShift of Pointcept.
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Translate ``points`` and ``gt_bboxes_3d``."""
        low, _ = scene_bounds(results)
        return shift_scene(results, -low)


@TRANSFORMS.register_module()
class CenterShift(BaseTransform):
    """Move a scene so that x and y are centred and its lowest point lies at z = 0; boxes move along.

    Rotations and flips then act about the middle of the scene, which keeps float32 coordinates exact.
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Translate ``points`` and ``gt_bboxes_3d``."""
        low, high = scene_bounds(results)
        middle = (low + high) / 2
        return shift_scene(results, -np.array([middle[0], middle[1], low[2]]))
