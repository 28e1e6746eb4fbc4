"""Crops that bound how much of a scene one training sample holds."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet3d.registry import TRANSFORMS

from .argument_checks import check_count, check_positive
from .point_selection import scene_label, select_points


def squared_distance_to_random_point(results: dict[str, Any]) -> np.ndarray:
    """Squared distance ``(P,)`` in m^2 of each point to a random one of them."""
    xyz = results['points'].coord.numpy()
    if len(xyz) == 0:
        raise ValueError(f'{scene_label(results)}: points must hold at least one point, got none')
    center = xyz[np.random.randint(len(xyz))]
    distance = np.zeros(len(xyz), dtype=np.float64)
    for axis in range(3):
        distance += (xyz[:, axis].astype(np.float64) - center[axis]) ** 2
    return distance


@TRANSFORMS.register_module()
class NearestCrop(BaseTransform):
    """Keep the N points nearest to a random one; the order of points stays.

    Behind ``RandomPointPerVoxel`` this counts voxels, as the original does.

    Args:
        max_points: Largest number of points of a sample.
        keep_ratio: Largest share of the scene's points, in (0, 1]; 0.8 is the sample rate of other recipes'
            sphere crop.

    Source: Swin3D_Task, crop of the data loaders; Pointcept's SphereCrop where ``keep_ratio`` is below 1.
    """

    def __init__(self, max_points: int, keep_ratio: float = 1.0) -> None:
        self.max_points = check_count('max_points', max_points)
        self.keep_ratio = check_positive('keep_ratio', keep_ratio)
        if keep_ratio > 1:
            raise ValueError(f'keep_ratio must lie in (0, 1], got {keep_ratio}')

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Select points and their labels."""
        num_points = len(results['points'])
        keep = min(self.max_points, max(1, int(self.keep_ratio * num_points)))
        if num_points <= keep:
            return results
        distance = squared_distance_to_random_point(results)
        rows = np.argpartition(distance, keep - 1)[:keep]
        return select_points(results, np.sort(rows))

    def __repr__(self) -> str:
        return f'{type(self).__name__}(max_points={self.max_points}, keep_ratio={self.keep_ratio})'


@TRANSFORMS.register_module()
class SphereCrop(BaseTransform):
    """Keep the points within a sphere around a random one; the order of points stays.

    Args:
        radius: Radius of the sphere in metres.
    """

    def __init__(self, radius: float) -> None:
        self.radius = check_positive('radius', radius)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Select points and their labels."""
        distance = squared_distance_to_random_point(results)
        return select_points(results, np.flatnonzero(distance <= self.radius**2))

    def __repr__(self) -> str:
        return f'{type(self).__name__}(radius={self.radius})'
