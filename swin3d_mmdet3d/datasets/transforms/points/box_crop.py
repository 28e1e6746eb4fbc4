"""A crop for detection that leaves every box whole or out."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet3d.registry import TRANSFORMS

from ..argument_checks import check_count, check_probability
from ..point_selection import select_points
from .axis_rotation import rotation_matrix

Frame = tuple[np.ndarray, np.ndarray, float]  # of a box: centre (3,) and size (3,) in metres, yaw in radians
BOX_MARGIN = 1e-3  # m; boxes touch their outermost points, and the alignment rounds both in float32


@TRANSFORMS.register_module()
class BoxKeepingCrop(BaseTransform):
    """Keep the N points nearest to a random point of a box, with each box whole or gone.

    A box's own points are those of its class inside it, or all inside it where points have no classes. A box
    of which the crop holds some points stays if it holds all, or if their extent overlaps the box by more
    than ``min_overlap`` (IoU); the missing ones then come back. Any other box leaves together with its own
    points. If that makes more than N points, random points outside the boxes leave; if the boxes alone hold
    more, those farthest from the seed leave, and the last one's points are thinned. Scenes of at most N
    points stay as they are.

    Required keys: ``points``, ``gt_bboxes_3d``, with or without yaw, ``gt_labels_3d``; optional:
    ``pts_semantic_mask`` as classes. A crop may end without boxes; the data set's ``filter_empty_gt`` then
    draws another scene.

    Args:
        max_points: Largest number of points of a sample; behind ``GridSample``, of voxels.
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
        boxes = results['gt_bboxes_3d']
        center, size = boxes.gravity_center.double().numpy(), boxes.dims.double().numpy()
        frames = list(zip(center, size, boxes.yaw.tolist()))
        own = own_points(results, xyz, frames)
        candidates = np.flatnonzero(own.any(axis=0)) if own.any() else np.arange(len(xyz))
        seed = xyz[np.random.choice(candidates)]

        crop = np.zeros(len(xyz), dtype=bool)
        distance = ((xyz - seed) ** 2).sum(axis=1)
        crop[np.argpartition(distance, self.max_points - 1)[: self.max_points]] = True
        stays = np.array([self._stays(xyz, *box, crop) for box in zip(frames, own)], dtype=bool)
        farthest_first = np.argsort(-((center - seed) ** 2).sum(axis=1))
        stays = self._boxes_that_fit(stays, own, farthest_first)

        results['gt_bboxes_3d'] = boxes[stays]
        results['gt_labels_3d'] = results['gt_labels_3d'][stays]
        return select_points(results, self._rows(crop, own, stays))

    def _stays(self, xyz: np.ndarray, frame: Frame, own: np.ndarray, crop: np.ndarray) -> bool:
        """Whether the crop holds all of a box's own points, or enough of its extent."""
        inside = own & crop
        if not inside.any():
            return False
        return inside.sum() == own.sum() or extent_overlap(xyz[inside], frame) > self.min_overlap

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


def in_frame(xyz: np.ndarray, frame: Frame) -> np.ndarray:
    """Points ``(P, 3)`` from the centre of a box, along its edges."""
    center, _, yaw = frame
    return (xyz - center) @ rotation_matrix('z', yaw)


def own_points(results: dict[str, Any], xyz: np.ndarray, frames: list[Frame]) -> np.ndarray:
    """``(B, P)`` bool: which points lie in a box and, where there is a mask, are of its class."""
    label = results.get('pts_semantic_mask')
    own = np.zeros((len(frames), len(xyz)), dtype=bool)
    for box, (frame, box_label) in enumerate(zip(frames, results['gt_labels_3d'])):
        rows = np.arange(len(xyz)) if label is None else np.flatnonzero(label == int(box_label))
        inside = (np.abs(in_frame(xyz[rows], frame)) <= frame[1] / 2 + BOX_MARGIN).all(axis=1)
        own[box, rows[inside]] = True
    return own


def extent_overlap(xyz: np.ndarray, frame: Frame) -> float:
    """Overlap (IoU) of a box with the extent of points in its frame; flat ones count as 2 mm thick."""
    place, size = in_frame(xyz, frame), frame[1]
    first, last = place.min(axis=0) - BOX_MARGIN, place.max(axis=0) + BOX_MARGIN
    high = size / 2 + BOX_MARGIN
    shared = np.maximum(np.minimum(last, high) - np.maximum(first, -high), 0).prod()
    return float(shared / ((last - first).prod() + (2 * high).prod() - shared))
