"""Elastic distortion: displacement by smooth random noise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmdet3d.registry import TRANSFORMS
from scipy.ndimage import uniform_filter1d
from torch.nn.functional import grid_sample

from ..argument_checks import check_positive, check_probability
from ..point_selection import scene_label

BLUR_WIDTH = 3  # cells
BLUR_ROUNDS = 2


@TRANSFORMS.register_module()
class ElasticDistortion(BaseTransform):
    """Displace points by normal noise on a coarse grid, blurred and interpolated trilinearly.

    Normals stay: they would turn by the small gradient of the noise, and no public recipe turns them.

    Args:
        scales: Pairs of (granularity, magnitude): edge of a grid cell in metres, and factor in metres on the
            blurred unit noise. Applied one after the other.
        prob: Probability of a distortion.

    Source: arXiv 1904.08755 (Minkowski networks); (0.2, 0.4) and (0.8, 1.6) m in the recipes of Pointcept.
    """

    def __init__(
        self, scales: Sequence[Sequence[float]] = ((0.2, 0.4), (0.8, 1.6)), prob: float = 0.95
    ) -> None:
        if not scales or any(len(pair) != 2 for pair in scales):
            raise ValueError(f'scales must be pairs of (granularity, magnitude), got {scales}')
        self.scales = [
            (check_positive('granularity', cell), check_positive('magnitude', size)) for cell, size in scales
        ]
        self.prob = check_probability('prob', prob)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Displace ``points``; raise ValueError if there are boxes, which could not follow."""
        if 'gt_bboxes_3d' in results:
            raise ValueError(f'{scene_label(results)}: gt_bboxes_3d must not be present, boxes stay rigid')
        if np.random.rand() < self.prob:
            xyz = results['points'].coord.numpy()
            for granularity, magnitude in self.scales:
                xyz = xyz + magnitude * smooth_noise(xyz, granularity)
            results['points'].coord = xyz
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(scales={self.scales}, prob={self.prob})'


def smooth_noise(xyz: np.ndarray, granularity: float) -> np.ndarray:
    """Blurred unit noise at the points.

    Args:
        xyz: ``(P, 3)`` metres.
        granularity: Edge of a cell of the noise grid in metres.

    Returns:
        ``(P, 3)`` float32.
    """
    low = xyz.min(axis=0)
    cells = ((xyz.max(axis=0) - low) // granularity).astype(int) + 3
    noise = np.random.randn(3, *cells).astype(np.float32)
    for _ in range(BLUR_ROUNDS):
        for axis in (1, 2, 3):
            noise = uniform_filter1d(noise, BLUR_WIDTH, axis=axis, mode='constant')
    place = torch.from_numpy((xyz - low) / granularity + 1)
    # grid_sample counts from -1 to 1, in the order z, y, x
    grid = (place * (2 / (torch.from_numpy(cells) - 1)) - 1).float().flip(1).view(1, 1, 1, -1, 3)
    noise = torch.from_numpy(noise)[None]
    at_points = grid_sample(noise, grid, mode='bilinear', padding_mode='border', align_corners=True)
    return at_points.view(3, -1).t().numpy()
