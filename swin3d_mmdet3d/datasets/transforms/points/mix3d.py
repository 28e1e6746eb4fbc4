"""Mix3D: two scenes in one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform, Compose
from mmdet3d.registry import TRANSFORMS

from ....structures.rgbd_frame import RGBDFrame
from ..argument_checks import check_probability
from ..point_selection import (
    MASKS,
    per_point_fields,
    point_ids,
    rows_of_ids,
    scene_label,
    set_per_point_fields,
)
from .shifts import CenterShift


@TRANSFORMS.register_module()
class Mix3D(BaseTransform):
    """Put a second random scene of the data set into the first, both centred.

    Masks, boxes, frames and fields that the first scene has are joined with the second's; its instances are
    counted on from the first's. Behind ``SourceCoords`` or frames the second's points are no points of the
    recording: their ``point_ids`` are negative and their ``source_xyz`` is nan, so that they match no other
    view. Other fields of points and frames that the second scene lacks are nan there, -1 among integers.

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
        _number_on(first, second)
        _append_fields(first, second)
        first['points'] = first['points'].cat([first['points'], second['points']])
        return first

    def __repr__(self) -> str:
        return f'{type(self).__name__}(prob={self.prob})'


def _check_can_follow(first: dict[str, Any], second: dict[str, Any]) -> None:
    """Raise ValueError unless the second scene has the columns, masks and boxes of the first."""
    for scene in (first, second):
        per_point_fields(scene)
    columns = [scene['points'].tensor.shape[1] for scene in (first, second)]
    if columns[0] != columns[1]:
        raise ValueError(
            f'{scene_label(second)}: points must have the {columns[0]} columns of the first scene for Mix3D, '
            f'got {columns[1]}'
        )
    missing = {*MASKS, 'gt_bboxes_3d', 'gt_labels_3d'} & first.keys() - second.keys()
    if missing:
        raise ValueError(
            f'{scene_label(second)}: pre_transform of Mix3D must give what the first scene has, '
            f'got no {", ".join(sorted(missing))}'
        )


def _number_on(first: dict[str, Any], second: dict[str, Any]) -> None:
    """Give the second scene's points ids below zero and below all others, and no place in the recording."""
    ids = point_ids(first)
    if ids is None:
        return
    if point_ids(second) is None:
        second.pop('frames', None)  # not matched with its points
    own = min(ids.min(initial=0), 0) - 1 - np.arange(len(second['points']))
    for frame in second.get('frames', []):
        rows, kept = rows_of_ids(point_ids(second), frame.point_ids)
        frame.keep_matches(kept)
        frame.point_ids = own[rows]
    second.setdefault('per_point', {})['point_ids'] = own
    second['per_point'].pop('source_xyz', None)


def _append_fields(first: dict[str, Any], second: dict[str, Any]) -> None:
    """Join masks, boxes, frames and fields; instances from 1 on are counted on, others mean unlabelled."""
    if 'pts_instance_mask' in first:
        instance = second['pts_instance_mask']
        last = first['pts_instance_mask'].max(initial=0)
        second['pts_instance_mask'] = np.where(instance > 0, instance + last, instance)
    fields, others = per_point_fields(first), per_point_fields(second)
    strangers = len(second['points'])
    joined = {
        name: np.concatenate([values, others.get(name, _unknown(values, strangers))])
        for name, values in fields.items()
    }
    set_per_point_fields(first, joined)
    for name, values in first.get('ragged', {}).items():
        if name in second.get('ragged', {}):
            first['ragged'][name] = np.concatenate([values, second['ragged'][name]])
    if 'frames' in first:
        _append_frames(first['frames'], second.get('frames', []))
    if 'gt_labels_3d' in first:
        first['gt_labels_3d'] = np.concatenate([first['gt_labels_3d'], second['gt_labels_3d']])
    if 'gt_bboxes_3d' in first:
        boxes = first['gt_bboxes_3d']
        first['gt_bboxes_3d'] = boxes.cat([boxes, second['gt_bboxes_3d']])


def _append_frames(frames: list[RGBDFrame], others: list[RGBDFrame]) -> None:
    """Append the frames of the second scene, which get the fields that those of the first have."""
    model = frames[0]
    for frame in others:
        for name, values in model.per_match.items():
            frame.per_match.setdefault(name, _unknown(values, len(frame.pixels)))
        for name, values in model.per_image.items():
            frame.per_image.setdefault(name, _unknown(values[None], 1)[0])
    frames += others


def _unknown(values: np.ndarray, count: int) -> np.ndarray:
    """``(count, ...)`` rows that say nothing: nan, -1 among integers, False."""
    nothing = dict(f=np.nan, i=-1).get(values.dtype.kind, 0)
    return np.full((count, *values.shape[1:]), nothing, dtype=values.dtype)
