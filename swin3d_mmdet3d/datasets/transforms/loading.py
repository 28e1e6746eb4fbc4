"""Loading of coloured points, their normals and their labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmdet3d.datasets.transforms import LoadAnnotations3D, PointSegClassMapping
from mmdet3d.registry import TRANSFORMS
from mmengine.fileio import get

from ...structures.color_range import FULL, ROUNDING
from ...structures.normal_points import NormalPoints
from ..layout.scenes import labels_from_bytes
from .argument_checks import check_positive
from .point_selection import scene_label

COLOR_COLUMNS = 6
NORMAL_COLUMNS = 3
FEWEST_COLORS = 16  # fewer points may well be black
UNLABELLED_ID = 255  # as -1, unless the table gives it a class
UNIT_TOLERANCE = 1e-2  # normals stored with 8 bits per component are off by less


def read_rows(path: str, num_columns: int, scene: str, backend_args: dict | None = None) -> np.ndarray:
    """Read a float32 matrix from a binary file.

    Args:
        path: The file.
        num_columns: Columns of a row.
        scene: What messages call the scene.
        backend_args: Storage of mmengine's fileio; local by default.

    Returns:
        ``(P, num_columns)`` float32, finite, P >= 1; writable.

    Raises:
        ValueError: Naming scene and file, if it is missing, does not hold whole rows or holds NaN or inf.
    """
    try:
        content = get(path, backend_args=backend_args)
    except FileNotFoundError:
        raise ValueError(f'{scene}: file {path} is missing') from None
    if not content or len(content) % (4 * num_columns):
        raise ValueError(
            f'{scene}: file {path} must hold rows of {num_columns} float32, got {len(content)} bytes'
        )
    rows = np.frombuffer(content, dtype=np.float32).reshape(-1, num_columns).copy()
    if not np.isfinite(rows).all():
        bad = int(np.flatnonzero(~np.isfinite(rows).all(axis=1))[0])
        raise ValueError(f'{scene}: file {path} must be finite, got {rows[bad].tolist()} in row {bad}')
    return rows


@TRANSFORMS.register_module()
class LoadColoredPoints(BaseTransform):
    """Load xyz [m] and rgb as ``NormalPoints``, the colours as 0 .. 255.

    The stock LoadPointsFromFile makes points that lose their normals, and takes the last three columns for
    the colour. Required key: ``lidar_points.lidar_path``, float32 ``(P, 6)``; added key: ``points``.

    Args:
        max_color: What a full colour is in the files: 255, or 1 as in SUN RGB-D.
        backend_args: Storage of mmengine's fileio; local by default.
    """

    def __init__(self, max_color: float = 255, backend_args: dict | None = None) -> None:
        self.max_color = check_positive('max_color', max_color)
        self.backend_args = backend_args

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Add ``points``; raise ValueError naming scene and file if the file is broken or black."""
        path = results['lidar_points']['lidar_path']
        columns = read_rows(path, COLOR_COLUMNS, scene_label(results), self.backend_args)
        columns[:, 3:] *= FULL / self.max_color
        _check_brightness(columns[:, 3:], path, scene_label(results))
        results['points'] = NormalPoints.from_columns(columns)
        return results


def _check_brightness(color: np.ndarray, path: str, scene: str) -> None:
    """Raise ValueError for colours of 0..1, black among 0..255; all 0 stands for no colours."""
    highest = float(color.max(initial=0))
    if 0 < highest <= 1 + ROUNDING and len(color) >= FEWEST_COLORS:
        raise ValueError(
            f'{scene}: file {path} must hold colours of 0..255, got none above {highest:g}: they look like '
            '0..1; LoadColoredPoints(max_color=1) reads them so'
        )


@TRANSFORMS.register_module()
class LoadNormals(BaseTransform):
    """Append stored unit normals to the points.

    Required keys: ``points`` with 6 columns, ``normals_path``, float32 ``(P, 3)``. A point may have the zero
    normal (isolated vertices of a mesh have none); the length of all others must be 1.

    Args:
        backend_args: Storage of mmengine's fileio; local by default.
    """

    def __init__(self, backend_args: dict | None = None) -> None:
        self.backend_args = backend_args

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Give ``points`` columns 6 .. 8; raise ValueError naming scene and file if they do not fit."""
        scene, points = scene_label(results), results['points']
        if 'normals_path' not in results:
            raise ValueError(f'{scene}: normals_path must be among the keys, got none')
        path = results['normals_path']
        normals = read_rows(path, NORMAL_COLUMNS, scene, self.backend_args)
        if len(normals) != len(points):
            raise ValueError(
                f'{scene}: file {path} must have a row for each of {len(points)} points, got {len(normals)}'
            )
        length = np.linalg.norm(normals, axis=1)
        wrong = (np.abs(length - 1) > UNIT_TOLERANCE) & (length > 0)
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            raise ValueError(
                f'{scene}: file {path} must hold unit normals, got length {length[row]:.4g} in row {row}'
            )
        columns = torch.cat([points.tensor[:, :6], torch.from_numpy(normals)], dim=1)
        results['points'] = NormalPoints.from_columns(columns)
        return results


@TRANSFORMS.register_module()
class ZeroNormals(BaseTransform):
    """Give all points the zero normal, that of points without one: a network that reads normals sees none.

    A normal is the direction in which the distance to a surface grows; a method whose targets are such
    distances would have little to learn with them.
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Give ``points`` zeros in columns 6 .. 8."""
        columns = results['points'].tensor[:, :6]
        columns = torch.cat([columns, columns.new_zeros(len(columns), 3)], dim=1)
        results['points'] = NormalPoints.from_columns(columns)
        return results


@TRANSFORMS.register_module()
class LoadSceneAnnotations(LoadAnnotations3D):
    """Load boxes, and masks of whole numbers of 1, 2, 4 or 8 bytes; say which part of a scene is missing.

    The stock transform reads every mask as int64 and raises a KeyError without the scene's name. A scene to
    be tested may lack what it is scored by; behind this transform it then has no such key. Required key:
    ``points``, since each point has a label. Arguments are those of ``LoadAnnotations3D``.
    """

    def _load_bboxes_3d(self, results: dict[str, Any]) -> dict[str, Any]:
        return self._from_boxes(results, 'gt_bboxes_3d')

    def _load_labels_3d(self, results: dict[str, Any]) -> dict[str, Any]:
        return self._from_boxes(results, 'gt_labels_3d')

    def _load_masks_3d(self, results: dict[str, Any]) -> dict[str, Any]:
        return self._load_labels(results, 'pts_instance_mask')

    def _load_semantic_seg_3d(self, results: dict[str, Any]) -> dict[str, Any]:
        return self._load_labels(results, 'pts_semantic_mask')

    def _from_boxes(self, results: dict[str, Any], key: str) -> dict[str, Any]:
        if key in results.get('ann_info', {}):
            results[key] = results['ann_info'][key]
        else:
            _check_may_lack(results, 'instances', 'train a segmentor, or add the boxes to the info file')
        return results

    def _load_labels(self, results: dict[str, Any], key: str) -> dict[str, Any]:
        if f'{key}_path' not in results:
            _check_may_lack(results, f'{key}_path', f'add the mask files, or leave {key} out of the pipeline')
            return results
        path, scene = results[f'{key}_path'], scene_label(results)
        try:
            content = get(path, backend_args=self.backend_args)
        except FileNotFoundError:
            raise ValueError(f'{scene}: file {path} is missing') from None
        results[key] = labels_from_bytes(content, len(results['points']), path, scene)
        if 'eval_ann_info' in results:
            results['eval_ann_info'][key] = results[key]
        return results


def _check_may_lack(results: dict[str, Any], part: str, cure: str) -> None:
    """Raise ValueError naming the scene, unless it is to be tested."""
    if 'eval_ann_info' not in results:
        raise ValueError(f'{scene_label(results)}: its info entry must have {part}, got none: {cure}')


@TRANSFORMS.register_module()
class MapSemanticLabels(PointSegClassMapping):
    """Turn raw ids into classes through the data set's table; an id outside the table raises.

    -1 and 255 stand for unlabelled points, unless 255 is an id of the table; the table's last row is their
    label. Test pipelines need this step as well: without it the metric compares classes with raw ids. A scene
    to be tested may have no labels.
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Map ``pts_semantic_mask``, also in ``eval_ann_info``."""
        if 'pts_semantic_mask' not in results and 'eval_ann_info' in results:
            return results
        mask, last = results['pts_semantic_mask'], len(results['seg_label_mapping']) - 2
        if last < UNLABELLED_ID:
            mask = results['pts_semantic_mask'] = np.where(mask == UNLABELLED_ID, -1, mask)
        if len(mask) and (mask.min() < -1 or mask.max() > last):
            raise ValueError(
                f'{scene_label(results)}: file {results.get("pts_semantic_mask_path")} must hold ids '
                f'0 .. {last}, got {mask.min()} .. {mask.max()}; -1 and 255 mark unlabelled points, '
                "and metainfo's seg_all_class_ids names further ids"
            )
        return super().transform(results)
