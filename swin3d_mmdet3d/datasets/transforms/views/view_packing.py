"""Views of a sample and their packing for pretraining."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmcv.transforms import BaseTransform, Compose
from mmdet3d.datasets.transforms import Pack3DDetInputs
from mmdet3d.registry import TRANSFORMS
from mmdet3d.structures import Det3DDataSample

from ..point_selection import per_point_fields, point_ids, rows_of_ids, scene_label
from .sample_copies import copy_sample


@TRANSFORMS.register_module()
class MakeViews(BaseTransform):
    """Send copies of the sample through pipelines of their own; the results are its views.

    Points keep their fields, those of ``SourceCoords`` among them, by which matchers pair the points of two
    views.

    Args:
        pipelines: One list of transforms per view.
    """

    def __init__(self, pipelines: Sequence[Sequence[dict]]) -> None:
        if not pipelines:
            raise ValueError('pipelines must hold at least one list of transforms, got none')
        self.pipelines = [Compose(list(pipeline)) for pipeline in pipelines]

    def transform(self, results: dict[str, Any]) -> dict[str, Any] | None:
        """Add ``views``, a list of results; None where a view's pipeline skips the sample."""
        views = [pipeline(copy_sample(results)) for pipeline in self.pipelines]
        if any(view is None for view in views):
            return None
        results['views'] = views
        return results


@TRANSFORMS.register_module()
class PackPretrainInputs(BaseTransform):
    """Turn a sample into tensors; without ``views`` the sample is its only view.

    A view becomes ``points`` (P, 6 or 9) and its fields by kind, see :func:`pack_fields`.

    Args:
        meta_keys: Keys that go to the data sample's metainfo.
    """

    def __init__(
        self, meta_keys: Sequence[str] = ('scene', 'lidar_path', 'skipped_samples', 'skipped_frames')
    ) -> None:
        self.meta_keys = tuple(meta_keys)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Pack a sample as ``inputs`` and ``data_samples``."""
        views = [
            dict(points=view['points'].tensor, **pack_fields(view))
            for view in results.get('views', [results])
        ]
        sample = Det3DDataSample(metainfo={key: results[key] for key in self.meta_keys if key in results})
        return dict(inputs=dict(views=views), data_samples=sample)


@TRANSFORMS.register_module()
class PackFieldInputs(Pack3DDetInputs):
    """mmdet3d's ``Pack3DDetInputs``, with the fields by kind among the ``inputs``, see :func:`pack_fields`.

    For auxiliary objectives beside labels; arguments are those of the stock class.
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Pack a sample."""
        fields = pack_fields(results)
        packed = super().transform(results)
        packed['inputs'].update(fields)
        return packed


def pack_fields(view: dict[str, Any]) -> dict[str, dict[str, torch.Tensor]]:
    """The fields of a view by kind, each ``{name: tensor}``.

    Args:
        view: Pipeline results.

    Returns:
        ``per_point``: masks and fields of the points, ``(P, ...)``. ``per_image``: ``images``
        (V, 3, height, width) uint8 and further fields of the V frames or of their pixels. ``per_match``: of
        each pixel that shows a point which is left, ``image`` (M,), a row of the images, ``pixel`` (M, 2)
        float32, ``point`` (M,), a row of the points, and further fields. ``ragged``: fields of the sample,
        ``(Q, ...)``. Without frames there are no fields of images and matches.

    Raises:
        ValueError: If a field has not one row per point, or the frames' images or fields differ in shape.
        TypeError: If a field is of a type that tensors do not have.
    """
    fields = dict(per_point=per_point_fields(view), per_image={}, per_match={}, ragged=view.get('ragged', {}))
    if 'frames' in view:
        fields['per_image'] = _fields_of_frames(view)
        fields['per_match'] = _fields_of_matches(view)
    return {
        kind: {name: _tensor(view, name, values) for name, values in named.items()}
        for kind, named in fields.items()
    }


def _tensor(view: dict[str, Any], name: str, values: np.ndarray) -> torch.Tensor:
    try:
        return torch.from_numpy(np.ascontiguousarray(values))
    except TypeError as error:
        raise TypeError(f'{scene_label(view)}: {name} must be of a type of tensors, got {error}') from error


def _fields_of_frames(view: dict[str, Any]) -> dict[str, np.ndarray]:
    frames = view['frames']
    sizes = {frame.size for frame in frames}
    if len(sizes) != 1:
        raise ValueError(f'{scene_label(view)}: images must have one size, got {sorted(sizes)}')
    fields = dict(images=np.stack([frame.image for frame in frames]).transpose(0, 3, 1, 2))
    for name, values in _joined(view, [{**frame.per_image, **frame.per_pixel} for frame in frames]).items():
        shapes = {np.shape(part) for part in values}
        if len(shapes) != 1:
            raise ValueError(f'{scene_label(view)}: {name} must have one shape, got {sorted(shapes)}')
        fields[name] = np.stack(values)
    return fields


def _fields_of_matches(view: dict[str, Any]) -> dict[str, np.ndarray]:
    """Fields of the pixels that show a point which is left; none where frames and points were not matched."""
    frames, ids = view['frames'], point_ids(view)
    if ids is None:
        return {}
    row, kept = rows_of_ids(ids, np.concatenate([frame.point_ids for frame in frames]))
    fields = dict(
        image=np.repeat(np.arange(len(frames)), [len(frame.point_ids) for frame in frames]),
        pixel=np.concatenate([frame.pixels for frame in frames]),
    )
    further = _joined(view, [frame.per_match for frame in frames])
    fields.update({name: np.concatenate(values) for name, values in further.items()})
    return dict({name: values[kept] for name, values in fields.items()}, point=row)


def _joined(view: dict[str, Any], fields: list[dict[str, np.ndarray]]) -> dict[str, list[np.ndarray]]:
    """Name -> the field of each frame; ValueError where frames have not the same ones."""
    names = {tuple(sorted(of_frame)) for of_frame in fields}
    if len(names) != 1:
        raise ValueError(f'{scene_label(view)}: frames must have the same fields, got {sorted(names)}')
    return {name: [of_frame[name] for of_frame in fields] for name in fields[0]}
