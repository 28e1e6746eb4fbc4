"""A crop for detection that leaves every box whole or out."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet3d.registry import TRANSFORMS

from .argument_checks import check_count, check_probability
from .point_selection import scene_label, select_points

BOX_MARGIN = 1e-3  # m; boxes touch their outermost points, and the alignment rounds both in float32


@TRANSFORMS.register_module()
class BoxKeepingCrop(BaseTransform):
    """Keep the N points nearest to a random point of a box, with each box whole or gone.

    A box's own points are those of its class inside it, or all inside it where points have no classes. A box of which the crop holds some points stays if it
    holds all, or if their extent overlaps the box by more than ``min_overlap`` (IoU); the missing ones then
    come back. Any other box leaves together with its own points. If that makes more than N points, random
    points outside the boxes leave; if the boxes alone hold more, those farthest from the seed leave, and the
    last one's points are thinned. Scenes of at most N points stay as they are.

    Required keys: ``points``, ``gt_bboxes_3d`` without yaw, ``gt_labels_3d``; optional: ``pts_semantic_mask``
    as classes. A crop may end without boxes; the data set's ``filter_empty_gt`` then draws another scene.

    Args:
        max_points: Largest number of points of a sample; behind ``RandomPointPerVoxel``, of voxels.
        min_overlap: Least overlap of a cut box that stays, in [0, 1].

    Source: DistancePointSampler of Swin3D_Task (FCAF3D). That one draws the seed from all points of box
        classes and fails where there is none or where the boxes hold more than N points, judges uncut boxes
        too, brings points back to overlaps below 0.95 only, and thins only classes without a box.
    """

    def __init__(self, max_points: int, min_overlap: float = 0.5) -> None:
        self.max_points = check_count('max_points', max_points)
        self.min_overlap = check_probability('min_overlap', min_overlap)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Select points, masks and boxes; the order of the points stays."""
        xyz = results['points'].coord.numpy().astype(np.float64)
        if len(xyz) <= self.max_points:
            return results
        low, high = box_corners(results)
        own = own_points(results, xyz, low, high)
        candidates = np.flatnonzero(own.any(axis=0)) if own.any() else np.arange(len(xyz))
        seed = xyz[np.random.choice(candidates)]

        crop = np.zeros(len(xyz), dtype=bool)
        distance = ((xyz - seed) ** 2).sum(axis=1)
        crop[np.argpartition(distance, self.max_points - 1)[: self.max_points]] = True
        stays = np.array([self._stays(xyz, *box, crop) for box in zip(low, high, own)], dtype=bool)
        farthest_first = np.argsort(-(((low + high) / 2 - seed) ** 2).sum(axis=1))
        stays = self._boxes_that_fit(stays, own, farthest_first)

        results['gt_bboxes_3d'] = results['gt_bboxes_3d'][stays]
        results['gt_labels_3d'] = results['gt_labels_3d'][stays]
        return select_points(results, self._rows(crop, own, stays))

    def _stays(
        self, xyz: np.ndarray, low: np.ndarray, high: np.ndarray, own: np.ndarray, crop: np.ndarray
    ) -> bool:
        """Whether the crop holds all of a box's own points, or enough of its extent."""
        inside = xyz[own & crop]
        if len(inside) == 0:
            return False
        return len(inside) == own.sum() or extent_overlap(inside, low, high) > self.min_overlap

    def _boxes_that_fit(self, stays: np.ndarray, own: np.ndarray, farthest_first: np.ndarray) -> np.ndarray:
        """``(B,)`` bool: the boxes that stay when the points of all of them must not exceed N."""
        stays = stays.copy()
        for box in farthest_first:
            if stays.sum() <= 1 or own[stays].any(axis=0).sum() <= self.max_points:
                break
            stays[box] = False
        return stays

    def _rows(self, crop: np.ndarray, own: np.ndarray, stays: np.ndarray) -> np.ndarray:
        """``(M,)`` int64 rows: all points of the boxes that stay, and the crop's background, M <= N."""
        in_boxes = np.flatnonzero(own[stays].any(axis=0))
        in_boxes = np.random.permutation(in_boxes)[: self.max_points]
        background = np.random.permutation(np.flatnonzero(crop & ~own.any(axis=0)))
        return np.sort(np.concatenate([in_boxes, background[: self.max_points - len(in_boxes)]]))

    def __repr__(self) -> str:
        return f'{type(self).__name__}(max_points={self.max_points}, min_overlap={self.min_overlap})'


def box_corners(results: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest corner ``(B, 3)`` of the boxes in float64 metres; ValueError if one is turned."""
    boxes = results['gt_bboxes_3d']
    if len(boxes) and bool((boxes.yaw != 0).any()):
        raise ValueError(f'{scene_label(results)}: gt_bboxes_3d must have no yaw, got {boxes.yaw.tolist()}')
    center, size = boxes.gravity_center.double().numpy(), boxes.dims.double().numpy()
    return center - size / 2, center + size / 2


def own_points(results: dict[str, Any], xyz: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """``(B, P)`` bool: which points lie in a box and, where there is a mask, are of its class."""
    label = results.get('pts_semantic_mask')
    own = np.zeros((len(low), len(xyz)), dtype=bool)
    for box, box_label in enumerate(results['gt_labels_3d']):
        rows = np.arange(len(xyz)) if label is None else np.flatnonzero(label == int(box_label))
        place = xyz[rows]
        inside = ((place >= low[box] - BOX_MARGIN) & (place <= high[box] + BOX_MARGIN)).all(axis=1)
        own[box, rows[inside]] = True
    return own


def extent_overlap(xyz: np.ndarray, low: np.ndarray, high: np.ndarray) -> float:
    """Overlap (IoU) of a box with the bounding box of points ``(P, 3)``; flat ones count as 2 mm thick."""
    first, last = xyz.min(axis=0) - BOX_MARGIN, xyz.max(axis=0) + BOX_MARGIN
    low, high = low - BOX_MARGIN, high + BOX_MARGIN
    shared = np.maximum(np.minimum(last, high) - np.maximum(first, low), 0).prod()
    return float(shared / ((last - first).prod() + (high - low).prod() - shared))
