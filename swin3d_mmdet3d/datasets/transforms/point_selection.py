"""Points of a scene together with their labels and further fields."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

MASKS = ('pts_semantic_mask', 'pts_instance_mask')
"""Fields of the points that mmdet3d has among the results themselves; others are in ``per_point``."""


def add_field(results: dict[str, Any], kind: str, name: str, values: np.ndarray) -> None:
    """Give a sample a field, which all transforms then carry along by its kind.

    Args:
        results: Pipeline results.
        kind: 'per_point', ``(P, ...)`` with a row for each of the points, or 'ragged', ``(Q, ...)`` with rows
            of the sample alone. Fields of frames are in :class:`RGBDFrame`.
        name: Name of the field, by which a method reads it.
        values: The field.
    """
    results.setdefault(kind, {})[name] = values


def point_ids(results: dict[str, Any]) -> np.ndarray | None:
    """``(P,)`` int64, which point of the recording each point is, by which frames know it; None without."""
    return results.get('per_point', {}).get('point_ids')


def per_point_fields(results: dict[str, Any]) -> dict[str, np.ndarray]:
    """Masks and ``per_point`` fields of the points.

    Raises:
        ValueError: If one has not a row for each point. That happens behind a transform that knows the points
            alone, such as mmdet3d's PointSample, which knows masks, too.
    """
    masks = {key: results[key] for key in MASKS if key in results}
    fields = {**masks, **results.get('per_point', {})}
    num_points = len(results['points'])
    for name, values in fields.items():
        if len(values) != num_points:
            raise ValueError(
                f'{scene_label(results)}: {name} must have one row for each of {num_points} points, '
                f'got {len(values)}; a transform that does not know it must stand before it is added'
            )
    return fields


def set_per_point_fields(results: dict[str, Any], fields: dict[str, np.ndarray]) -> None:
    """Put masks and ``per_point`` fields back where they are kept."""
    masks = {key: fields.pop(key) for key in MASKS if key in fields}
    results.update(masks)
    if fields:
        results['per_point'] = fields


def select_points(results: dict[str, Any], rows: np.ndarray) -> dict[str, Any]:
    """Keep rows of the points and of each field beside them, in the order given.

    The ground truth in ``eval_ann_info`` stays whole.

    Args:
        results: Pipeline results with ``points``.
        rows: ``(M,)`` int64 rows to keep, or ``(P,)`` bool.

    Raises:
        ValueError: If a field has not one row per point.
    """
    fields = per_point_fields(results)
    results['points'] = results['points'][torch.from_numpy(rows)]
    set_per_point_fields(results, {name: values[rows] for name, values in fields.items()})
    return results


def nearest_rows(distance: np.ndarray, count: int) -> np.ndarray:
    """Rows, ascending, of the ``count`` points ``(P,)`` of least distance; of fewer points all.

    Args:
        distance: ``(P,)`` distances, or whatever orders as they do.
        count: At least 1.
    """
    if len(distance) <= count:
        return np.arange(len(distance))
    return np.sort(np.argpartition(distance, count - 1)[:count])


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
