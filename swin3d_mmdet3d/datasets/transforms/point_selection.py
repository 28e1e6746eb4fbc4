"""Selecting points of a scene together with their labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

PER_POINT_KEYS = ('pts_semantic_mask', 'pts_instance_mask')
IDENTITY_KEYS = ('point_ids', 'origin_xyz')  # which point of the recording a row is; read by matchers


def check_per_point(results: dict[str, Any]) -> None:
    """Raise ValueError where masks or identities have not one row per point.

    That happens behind a transform that knows the points alone, such as mmdet3d's PointSample and identities.
    """
    num_points = len(results['points'])
    for key in PER_POINT_KEYS + IDENTITY_KEYS:
        if key in results and len(results[key]) != num_points:
            raise ValueError(
                f'{scene_label(results)}: {key} must have one row for each of {num_points} points, '
                f'got {len(results[key])}; a transform that does not know it must stand before it is added'
            )


def select_points(results: dict[str, Any], rows: np.ndarray) -> dict[str, Any]:
    """Keep rows of the points and of each mask and identity beside them, in the order given.

    The ground truth in ``eval_ann_info`` stays whole.

    Args:
        results: Pipeline results with ``points``.
        rows: ``(M,)`` int64 rows to keep, or ``(P,)`` bool.

    Raises:
        ValueError: If a mask or identity has not one row per point.
    """
    check_per_point(results)
    results['points'] = results['points'][torch.from_numpy(rows)]
    for key in PER_POINT_KEYS + IDENTITY_KEYS:
        if key in results:
            results[key] = results[key][rows]
    return results


def rows_of_ids(point_ids: np.ndarray, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where the points with these ids are now.

    Args:
        point_ids: ``(P,)`` int64 id of each point, each at most once.
        ids: ``(M,)`` int64 ids, of points that may have left.

    Returns:
        ``(K,)`` int64 rows of the points, and ``(K,)`` int64, which of ``ids`` they have, ascending.
    """
    if len(point_ids) == 0:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    order = np.argsort(point_ids)
    place = np.searchsorted(point_ids, ids, sorter=order)
    rows = order[np.minimum(place, len(order) - 1)]
    kept = np.flatnonzero(point_ids[rows] == ids)
    return rows[kept], kept


def scene_label(results: dict[str, Any]) -> str:
    """What messages call the scene: its point file, where it is known."""
    path = results.get('lidar_points', {}).get('lidar_path', results.get('lidar_path'))
    return f'scene {path}' if path else 'scene without a file'
