"""Putting the points of one scene into another, with all that belongs to them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...structures.rgbd_frame import RGBDFrame
from .point_selection import (
    MASKS,
    per_point_fields,
    point_ids,
    rows_of_ids,
    scene_label,
    set_per_point_fields,
)


def append_scene(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """The first scene with the second's points behind its own.

    Masks, boxes, frames and fields that the first scene has are joined with the second's; its instances are
    counted on from the first's. Behind ``SourceCoords`` or frames the second's points are no points of the
    recording: their ``point_ids`` are negative and their ``source_xyz`` is nan, so that they match no other
    view. Other fields of points and frames that the second scene lacks are nan there, -1 among integers.

    Args:
        first: Pipeline results; changed in place.
        second: Pipeline results; used up.

    Raises:
        ValueError: If the second scene lacks columns, masks or boxes that the first one has.
    """
    _check_can_follow(first, second)
    _number_on(first, second)
    _append_fields(first, second)
    first['points'] = first['points'].cat([first['points'], second['points']])
    return first


def _check_can_follow(first: dict[str, Any], second: dict[str, Any]) -> None:
    """Raise ValueError unless the second scene has the columns, masks and boxes of the first."""
    for scene in (first, second):
        per_point_fields(scene)
    columns = [scene['points'].tensor.shape[1] for scene in (first, second)]
    if columns[0] != columns[1]:
        raise ValueError(
            f'{scene_label(second)}: points must have the {columns[0]} columns of the other scene, '
            f'got {columns[1]}'
        )
    missing = {*MASKS, 'gt_bboxes_3d', 'gt_labels_3d'} & first.keys() - second.keys()
    if missing:
        raise ValueError(
            f'{scene_label(second)}: a scene that is put into another must have what that one has, '
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
