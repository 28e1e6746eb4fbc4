"""Leaving out random points."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet3d.registry import TRANSFORMS

from ..argument_checks import check_probability
from ..point_selection import select_points


@TRANSFORMS.register_module()
class RandomPointDropout(BaseTransform):
    """Leave out a share of the points; the order of the others stays.

    Args:
        drop_ratio: Share of the points to leave out, below 1.
        prob: Probability of leaving out any.
    """

    def __init__(self, drop_ratio: float = 0.2, prob: float = 0.2) -> None:
        self.drop_ratio = check_probability('drop_ratio', drop_ratio)
        if drop_ratio == 1:
            raise ValueError('drop_ratio must be below 1, got 1')
        self.prob = check_probability('prob', prob)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Select points and their labels."""
        if np.random.rand() >= self.prob:
            return results
        num_points = len(results['points'])
        keep = num_points - int(self.drop_ratio * num_points)
        return select_points(results, np.sort(np.random.permutation(num_points)[:keep]))

    def __repr__(self) -> str:
        return f'{type(self).__name__}(drop_ratio={self.drop_ratio}, prob={self.prob})'
