"""Random rotation about one coordinate axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet3d.registry import TRANSFORMS

from ..argument_checks import check_probability, check_range
from ..point_selection import scene_label


@TRANSFORMS.register_module()
class RandomAxisRotation(BaseTransform):
    """Rotate points and normals about an axis through the origin, for segmentation.

    Small rotations about x and y imitate a floor that is not quite level. The stock GlobalRotScaleTrans
    rotates about z alone, with boxes.

    Args:
        axis: 'x', 'y' or 'z'.
        angle_range: Lowest and highest angle in radians, counter-clockwise seen against the axis.
        prob: Probability of a rotation.
    """

    def __init__(self, axis: str, angle_range: Sequence[float], prob: float = 1.0) -> None:
        if axis not in ('x', 'y', 'z'):
            raise ValueError(f"axis must be 'x', 'y' or 'z', got {axis!r}")
        self.axis = axis
        self.angle_range = check_range('angle_range', angle_range)
        self.prob = check_probability('prob', prob)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Rotate ``points``; raise ValueError if there are boxes, which could not follow a tilt."""
        if 'gt_bboxes_3d' in results:
            raise ValueError(f'{scene_label(results)}: gt_bboxes_3d must not be present, boxes cannot tilt')
        if np.random.rand() < self.prob:
            angle = np.random.uniform(*self.angle_range)
            results['points'].rotate(rotation_matrix(self.axis, angle).T)
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(axis={self.axis!r}, angle_range={self.angle_range}, prob={self.prob})'


def rotation_matrix(axis: str, angle: float) -> np.ndarray:
    """The ``(3, 3)`` float64 matrix that turns column vectors by ``angle`` radians about an axis."""
    first, second = {'x': (1, 2), 'y': (2, 0), 'z': (0, 1)}[axis]
    matrix = np.eye(3)
    matrix[first, first] = matrix[second, second] = np.cos(angle)
    matrix[second, first] = np.sin(angle)
    matrix[first, second] = -np.sin(angle)
    return matrix
