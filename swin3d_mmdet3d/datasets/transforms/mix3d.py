"""Mix3D: two scenes in one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform, Compose
from mmdet3d.registry import TRANSFORMS

from .argument_checks import check_probability
from .point_selection import PER_POINT_KEYS, check_per_point, rows_of_ids, scene_label
from .shifts import CenterShift


@TRANSFORMS.register_module()
class Mix3D(BaseTransform):
    """Put a second random scene of the data set into the first, both centred.

    Masks, boxes and frames that the first scene has are joined with the second's; its instances are counted
    on from the first's. Behind ``KeepOrigin`` or frames the second's points are no points of the recording:
    their ``point_ids`` are negative and their ``origin_xyz`` is nan, so that they match no other view.

    Required key: ``dataset``, which mmdet3d's segmentation datasets give in training.

    Args:
        pre_transform: Pipeline that loads and augments the second scene; one that it skips is not mixed in.
        prob: Probability of mixing.

    Source: arXiv 2110.02210 (Mix3D); there over pairs of a batch, here inside the pipeline of a sample.
    """

    def __init__(self, pre_transform: Sequence[dict], prob: float = 0.8) -> None:
        if not pre_transform:
            raise ValueError('pre_transform must load the second scene, got no transform')
        self.pre_transform = Compose(list(pre_transform))
        self.prob = check_probability('prob', prob)
        self.center = CenterShift()

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Append the points, labels, boxes and frames of the second scene.

        Raises:
            ValueError: If the data set is not known, or the second scene lacks what the first one has.
        """
        if np.random.rand() >= self.prob:
            return results
        if 'dataset' not in results:
            raise ValueError('dataset must be among the keys of a training sample for Mix3D, got none')
        dataset = results['dataset']
        second = self.pre_transform(dataset.get_data_info(np.random.randint(len(dataset))))
        if second is None:
            return results
        _check_can_follow(results, second)
        first, second = self.center(results), self.center(second)
        if 'point_ids' in first:
            _append_identities(first, second)
        _append_labels(first, second)
        first['points'] = first['points'].cat([first['points'], second['points']])
        return first

    def __repr__(self) -> str:
        return f'{type(self).__name__}(prob={self.prob})'


def _check_can_follow(first: dict[str, Any], second: dict[str, Any]) -> None:
    """Raise ValueError unless the second scene has the columns, masks and boxes of the first."""
    for scene in (first, second):
        check_per_point(scene)
    columns = [scene['points'].tensor.shape[1] for scene in (first, second)]
    if columns[0] != columns[1]:
        raise ValueError(
            f'{scene_label(second)}: points must have the {columns[0]} columns of the first scene for Mix3D, '
            f'got {columns[1]}'
        )
    missing = {*PER_POINT_KEYS, 'gt_bboxes_3d', 'gt_labels_3d'} & first.keys() - second.keys()
    if missing:
        raise ValueError(
            f'{scene_label(second)}: pre_transform of Mix3D must give what the first scene has, '
            f'got no {", ".join(sorted(missing))}'
        )


def _append_labels(first: dict[str, Any], second: dict[str, Any]) -> None:
    """Join masks and boxes; instances from 1 on are counted on, others mean unlabelled and stay."""
    if 'pts_instance_mask' in first:
        instance = second['pts_instance_mask']
        last = first['pts_instance_mask'].max(initial=0)
        second['pts_instance_mask'] = np.where(instance > 0, instance + last, instance)
    for key in (*PER_POINT_KEYS, 'gt_labels_3d'):
        if key in first:
            first[key] = np.concatenate([first[key], second[key]])
    if 'gt_bboxes_3d' in first:
        boxes = first['gt_bboxes_3d']
        first['gt_bboxes_3d'] = boxes.cat([boxes, second['gt_bboxes_3d']])


def _append_identities(first: dict[str, Any], second: dict[str, Any]) -> None:
    """Give the second scene's points ids below zero and below all others, and no origin; take its frames."""
    num_points = len(second['points'])
    ids = min(first['point_ids'].min(initial=0), 0) - 1 - np.arange(num_points)
    first['point_ids'] = np.concatenate([first['point_ids'], ids])
    if 'origin_xyz' in first:
        nowhere = np.full((num_points, 3), np.nan, dtype=first['origin_xyz'].dtype)
        first['origin_xyz'] = np.concatenate([first['origin_xyz'], nowhere])
    if 'frames' in first and 'point_ids' in second:
        for frame in second.get('frames', []):
            rows, kept = rows_of_ids(second['point_ids'], frame.point_ids)
            frame.pixels, frame.point_ids = frame.pixels[kept], ids[rows]
            first['frames'].append(frame)
