"""Crops that bound how much of a scene one training sample holds."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet3d.registry import TRANSFORMS

from ..argument_checks import check_choice, check_count, check_positive
from ..point_selection import nearest_rows, point_ids, rows_of_ids, scene_label, select_points

ANCHORS = ('matched', 'random')


def anchor_row(results: dict[str, Any], anchor: str) -> int:
    """The row of the point around which a sample is cropped.

    Args:
        results: Pipeline results with ``points`` and perhaps ``frames``.
        anchor: 'matched' draws one of the frames that show a point that is left, each as often as the others,
            then one of the points it shows; where no frame shows any, and with 'random', it is any point.
    """
    num_points = len(results['points'])
    if num_points == 0:
        raise ValueError(f'{scene_label(results)}: points must hold at least one point, got none')
    ids = point_ids(results)
    frames = results.get('frames', []) if anchor == 'matched' and ids is not None else []
    for index in np.random.permutation(len(frames)):
        rows, _ = rows_of_ids(ids, frames[index].point_ids)
        if len(rows):
            return int(rows[np.random.randint(len(rows))])
    return int(np.random.randint(num_points))


def squared_distance_to_row(results: dict[str, Any], row: int) -> np.ndarray:
    """Squared distance ``(P,)`` in m^2 of each point to that of a row."""
    xyz = results['points'].coord.numpy()
    distance = np.zeros(len(xyz), dtype=np.float64)
    for axis in range(3):
        distance += (xyz[:, axis].astype(np.float64) - xyz[row, axis]) ** 2
    return distance


@TRANSFORMS.register_module()
class SphereCrop(BaseTransform):
    """Keep the N points nearest to an anchor, one of them; the order of points stays.

    Behind ``GridSample`` this counts voxels, as the original does.

    Args:
        max_points: Largest number of points of a sample.
        keep_ratio: Largest share of the scene's points, in (0, 1]; 0.8 is the sample rate of other recipes'
            sphere crop.
        anchor: 'matched', a point that one of the sample's frames shows, where it has any (see
            :func:`anchor_row`), so that no sample with frames loses all its pairs; or 'random', any point.

    Source: Swin3D_Task, crop of the data loaders; SphereCrop of Pointcept, whose ``sample_rate`` is
    ``keep_ratio``.
    """

    def __init__(self, max_points: int, keep_ratio: float = 1.0, anchor: str = 'matched') -> None:
        self.max_points = check_count('max_points', max_points)
        self.keep_ratio = check_positive('keep_ratio', keep_ratio)
        if keep_ratio > 1:
            raise ValueError(f'keep_ratio must lie in (0, 1], got {keep_ratio}')
        self.anchor = check_choice('anchor', anchor, ANCHORS)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Select points and their labels."""
        num_points = len(results['points'])
        keep = min(self.max_points, max(1, int(self.keep_ratio * num_points)))
        if num_points <= keep:
            return results
        distance = squared_distance_to_row(results, anchor_row(results, self.anchor))
        return select_points(results, nearest_rows(distance, keep))

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(max_points={self.max_points}, keep_ratio={self.keep_ratio}, '
            f'anchor={self.anchor!r})'
        )


@TRANSFORMS.register_module()
class RadiusCrop(BaseTransform):
    """Keep the points within a sphere around an anchor, one of them; the order of points stays.

    Args:
        radius: Radius of the sphere in metres.
        anchor: As that of :class:`SphereCrop`.
    """

    def __init__(self, radius: float, anchor: str = 'matched') -> None:
        self.radius = check_positive('radius', radius)
        self.anchor = check_choice('anchor', anchor, ANCHORS)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Select points and their labels."""
        distance = squared_distance_to_row(results, anchor_row(results, self.anchor))
        return select_points(results, np.flatnonzero(distance <= self.radius**2))

    def __repr__(self) -> str:
        return f'{type(self).__name__}(radius={self.radius}, anchor={self.anchor!r})'
