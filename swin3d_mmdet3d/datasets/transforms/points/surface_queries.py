"""Places around a surface and how far they are from it."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet3d.registry import TRANSFORMS
from scipy.spatial import cKDTree

from ..argument_checks import check_count, check_positive, check_probability
from ..point_selection import add_field, scene_label
from .shifts import scene_bounds

SURFACE = 'surface_xyz'
MAX_OFFSET = 0.05
"""Farthest that jitter may have moved a point off the surface, metres."""


@TRANSFORMS.register_module()
class RememberSurface(BaseTransform):
    """Remember where all points lie, as the surface that :class:`SurfaceQueries` measures distances to.

    It stands behind whatever turns, scales or shifts the scene, and ahead of whatever leaves points out or
    jitters them. Added key: ``surface_xyz`` (P, 3) float32 metres.
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Add ``surface_xyz``."""
        results[SURFACE] = results['points'].coord.numpy().copy()
        return results


@TRANSFORMS.register_module()
class SurfaceQueries(BaseTransform):
    """Draw places and measure how far each is from the nearest point of the whole scene.

    Some lie near the points that are left, off them by normal noise, the others anywhere in the box around
    those points. Distances are unsigned and end at ``max_distance``: beyond, all that is known is that
    nothing is near. Added ragged fields: ``queries`` (Q, 3) float32 metres and ``distances`` (Q,) float32
    metres in [0, max_distance].

    Args:
        num_queries: Places Q.
        near_share: Share of them near points.
        sigma: Standard deviation of their offset along each axis, metres.
        max_distance: Where distances end, metres.
        shuffle: Give the distances to the places in random order, as a control.

    Source: arXiv 2201.00785 (IAE), section 3; there all queries lie anywhere in the box, and distances do not
        end.
    """

    def __init__(
        self,
        num_queries: int = 2048,
        near_share: float = 0.5,
        sigma: float = 0.08,
        max_distance: float = 0.5,
        shuffle: bool = False,
    ) -> None:
        self.num_queries = check_count('num_queries', num_queries)
        self.near_share = check_probability('near_share', near_share)
        self.sigma = check_positive('sigma', sigma)
        self.max_distance = check_positive('max_distance', max_distance)
        self.shuffle = shuffle

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Add ``queries`` and ``distances``.

        Raises:
            ValueError: Naming the scene, if it has no points, ``RememberSurface`` did not come before, or
                points were moved off that surface since.
        """
        low, high = scene_bounds(results)
        tree = _tree_of_surface(results)
        xyz = results['points'].coord.numpy()
        num_near = round(self.near_share * self.num_queries)
        near = xyz[np.random.randint(len(xyz), size=num_near)]
        near = near + np.random.normal(scale=self.sigma, size=near.shape)
        anywhere = np.random.uniform(low, high, size=(self.num_queries - num_near, 3))
        queries = np.concatenate([near, anywhere]).astype(np.float32)
        distances, _ = tree.query(queries, distance_upper_bound=self.max_distance)
        distances = np.minimum(distances, self.max_distance).astype(np.float32)  # none so near: infinite
        if self.shuffle:
            distances = np.random.permutation(distances)
        add_field(results, 'ragged', 'queries', queries)
        add_field(results, 'ragged', 'distances', distances)
        return results

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(num_queries={self.num_queries}, near_share={self.near_share}, '
            f'sigma={self.sigma}, max_distance={self.max_distance}, shuffle={self.shuffle})'
        )


def _tree_of_surface(results: dict[str, Any]) -> cKDTree:
    """Search tree of the remembered surface, on which the points still lie."""
    if SURFACE not in results:
        raise ValueError(f'{scene_label(results)}: {SURFACE} must be among the keys; RememberSurface adds it')
    tree = cKDTree(results[SURFACE])
    xyz = results['points'].coord.numpy()
    sample = xyz[:: max(1, len(xyz) // 100)]
    offset = float(tree.query(sample)[0].max())
    if offset > MAX_OFFSET:
        raise ValueError(
            f'{scene_label(results)}: points must lie within {MAX_OFFSET} m of the surface, '
            f'got {offset:.3g} m; '
            'RememberSurface stands behind whatever moves the scene'
        )
    return tree
