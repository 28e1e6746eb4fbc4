"""Leaving out the points of a box."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet3d.registry import TRANSFORMS

from ..argument_checks import check_count, check_probability, check_range
from ..point_selection import select_points
from .shifts import scene_bounds


@TRANSFORMS.register_module()
class RandomBoxErasing(BaseTransform):
    """Leave out the points within a random upright box; the order of the others stays.

    The middle of the box lies anywhere within the scene's bounds, its edges along x and y are shares of the
    scene's that are drawn one by one, and it has the scene's whole height. Boxes reach out of the scene, so
    that less than their area is erased. A scene of which too few points would stay is left whole.

    Args:
        extent: Range of the shares, in (0, 1].
        min_points: Fewest points that are left of a scene.

    Source: ``scene_crop`` of segmentation/util/dataset_pretrain.py of github.com/MingyeXu/mm-3dscene; the
        paper, arXiv 2212.09948, does not speak of it.
    """

    def __init__(self, extent: Sequence[float] = (1 / 3, 1.0), min_points: int = 1024) -> None:
        self.extent = check_range('extent', extent)
        if not 0 < self.extent[0] <= self.extent[1] <= 1:
            raise ValueError(f'extent must be a range within (0, 1], got {tuple(extent)}')
        self.min_points = check_count('min_points', min_points)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Select points and their labels."""
        low, high = (bound[:2] for bound in scene_bounds(results))
        half = (high - low) * np.random.uniform(*self.extent, size=2) / 2
        middle = np.random.uniform(low, high)
        ground = results['points'].coord[:, :2].numpy().astype(np.float64)
        kept = (np.abs(ground - middle) >= half).any(axis=1)
        return select_points(results, kept) if kept.sum() >= self.min_points else results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(extent={self.extent}, min_points={self.min_points})'


@TRANSFORMS.register_module()
class CentralBoxErasing(BaseTransform):
    """Leave out the points within an upright box in the middle of the scene; the order of the others stays.

    The box has the scene's whole height, and along x and y the same share of its edges, drawn uniformly from
    0 on.

    Args:
        max_extent: Largest share, in [0, 1).

    Source: ``PartialPointCloudField`` of src/data/fields.py of github.com/SimingYan/IAE ('centerz_random',
        0.5).
    """

    def __init__(self, max_extent: float = 0.5) -> None:
        self.max_extent = check_probability('max_extent', max_extent)
        if max_extent == 1:
            raise ValueError('max_extent must be below 1, got 1')

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Select points and their labels; those that bound the scene always stay."""
        low, high = (bound[:2] for bound in scene_bounds(results))
        half = (high - low) * np.random.uniform(0, self.max_extent) / 2
        ground = results['points'].coord[:, :2].numpy().astype(np.float64)
        return select_points(results, (np.abs(ground - (low + high) / 2) >= half).any(axis=1))

    def __repr__(self) -> str:
        return f'{type(self).__name__}(max_extent={self.max_extent})'
