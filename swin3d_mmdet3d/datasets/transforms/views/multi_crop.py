"""Overlapping crops of a cloud, large and small, as the views of a sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform, Compose
from mmdet3d.registry import TRANSFORMS

from ..argument_checks import check_count, check_range
from ..point_selection import nearest_rows, scene_label, select_points
from ..points.crops import squared_distance_to_row
from .sample_copies import copy_sample


@TRANSFORMS.register_module()
class MultiCrop(BaseTransform):
    """Global and local crops of a cloud; every one shares points with the first, the principal crop.

    A crop is the points nearest to its centre. That of the principal crop is any point. Other global crops
    lie around any point of the principal crop, local ones around a point of it that no local crop holds yet
    (around any, once they hold all).

    Points keep all their fields, those of ``SourceCoords`` among them, by which matchers pair the points of
    two views; frames and ragged fields go to each view.

    Args:
        global_pipeline: Transforms that each global crop goes through by itself.
        local_pipeline: Those of local crops.
        num_global: Global crops, the principal one among them.
        num_local: Local crops.
        global_ratio: Range, in (0, 1], of the points of a global crop over those of the cloud, or over
            ``max_points`` where it has more.
        local_ratio: The same of a local crop.
        max_points: Most points of a crop.
        shared_pipeline: Transforms of the cloud out of which all global crops are taken, such as colours that
            they have in common; local crops are taken out of the cloud as it comes. It moves no point.

    Source: MultiViewGenerator of Pointcept, for arXiv 2503.16429 (Sonata).
    """

    def __init__(
        self,
        global_pipeline: Sequence[dict],
        local_pipeline: Sequence[dict] = (),
        num_global: int = 2,
        num_local: int = 0,
        global_ratio: Sequence[float] = (0.4, 1.0),
        local_ratio: Sequence[float] = (0.1, 0.4),
        max_points: int = 65536,
        shared_pipeline: Sequence[dict] = (),
    ) -> None:
        self.num_global = check_count('num_global', num_global)
        self.num_local = num_local and check_count('num_local', num_local)
        self.global_ratio = _check_ratio('global_ratio', global_ratio)
        self.local_ratio = _check_ratio('local_ratio', local_ratio)
        self.max_points = check_count('max_points', max_points)
        if num_local and not local_pipeline:
            raise ValueError(f'local_pipeline must make views of {num_local} local crops, got no transform')
        self.global_pipeline = Compose(list(global_pipeline))
        self.local_pipeline = Compose(list(local_pipeline))
        self.shared_pipeline = Compose(list(shared_pipeline))

    def transform(self, results: dict[str, Any]) -> dict[str, Any] | None:
        """Add ``views``, global crops first, the principal one ahead; None where a pipeline skips a view.

        Raises:
            ValueError: If there is no point.
        """
        num_points = len(results['points'])
        if num_points == 0:
            raise ValueError(f'{scene_label(results)}: points must hold at least one point, got none')
        principal = self._crop(results, np.random.randint(num_points), self.global_ratio)
        others = [
            self._crop(results, np.random.choice(principal), self.global_ratio)
            for _ in range(self.num_global - 1)
        ]
        shared = self.shared_pipeline(copy_sample(results)) if self.shared_pipeline.transforms else results
        views = [self._view(shared, rows, self.global_pipeline) for rows in (principal, *others)]
        covered = np.zeros(num_points, dtype=bool)
        for _ in range(self.num_local):
            if covered[principal].all():
                covered[:] = False
            rows = self._crop(results, np.random.choice(principal[~covered[principal]]), self.local_ratio)
            covered[rows] = True
            views.append(self._view(results, rows, self.local_pipeline))
        if any(view is None for view in views):
            return None
        results['views'] = views
        return results

    def _crop(self, results: dict[str, Any], center: int, ratio: tuple[float, float]) -> np.ndarray:
        """Rows ``(K,)``, ascending, of the points nearest to that of row ``center``, itself among them."""
        most = min(self.max_points, len(results['points']))
        count = min(most, max(1, int(np.random.uniform(*ratio) * most)))
        distance = squared_distance_to_row(results, center)
        distance[center] = -1.0  # ahead of points that coincide with it
        return nearest_rows(distance, count)

    @staticmethod
    def _view(results: dict[str, Any], rows: np.ndarray, pipeline: Compose) -> dict[str, Any] | None:
        return pipeline(copy_sample(select_points(dict(results), rows)))

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(num_global={self.num_global}, num_local={self.num_local}, '
            f'global_ratio={self.global_ratio}, local_ratio={self.local_ratio}, '
            f'max_points={self.max_points})'
        )


def _check_ratio(name: str, value: Sequence[float]) -> tuple[float, float]:
    low, high = check_range(name, value)
    if not 0 < low <= high <= 1:
        raise ValueError(f'{name} must lie in (0, 1], got {value!r}')
    return low, high
