"""Views of a sample and their packing for pretraining."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmcv.transforms import BaseTransform, Compose
from mmdet3d.registry import TRANSFORMS
from mmdet3d.structures import Det3DDataSample

from .point_selection import check_per_point, rows_of_ids, scene_label


@TRANSFORMS.register_module()
class MakeViews(BaseTransform):
    """Send copies of the sample through pipelines of their own; the results are its views.

    Points keep their ``point_ids`` and, where present, ``origin_xyz`` (position before augmentation), by
    which matchers pair the points of two views.

    Args:
        pipelines: One list of transforms per view.
    """

    def __init__(self, pipelines: Sequence[Sequence[dict]]) -> None:
        if not pipelines:
            raise ValueError('pipelines must hold at least one list of transforms, got none')
        self.pipelines = [Compose(list(pipeline)) for pipeline in pipelines]

    def transform(self, results: dict[str, Any]) -> dict[str, Any] | None:
        """Add ``views``, a list of results; None where a view's pipeline skips the sample."""
        views = [pipeline(copy.deepcopy(results)) for pipeline in self.pipelines]
        if any(view is None for view in views):
            return None
        results['views'] = views
        return results


@TRANSFORMS.register_module()
class KeepOrigin(BaseTransform):
    """Remember which point is which and where it lay, as ``point_ids`` (P,) and ``origin_xyz`` (P, 3)."""

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Add ``origin_xyz``, and ``point_ids`` unless the frames were matched already."""
        xyz = results['points'].coord.numpy()
        results['origin_xyz'] = xyz.copy()
        results.setdefault('point_ids', np.arange(len(xyz)))
        return results


@TRANSFORMS.register_module()
class PackPretrainInputs(BaseTransform):
    """Turn a sample into tensors; without ``views`` the sample is its only view.

    A view becomes ``points`` (P, 6 or 9) and, where present, ``point_ids`` (P,), ``origin_xyz`` (P, 3),
    ``images`` (V, 3, height, width) uint8 and the matches of their pixels with the points that are left:
    ``match_image`` (M,), ``match_pixel`` (M, 2) float32 and ``match_point`` (M,), a row of the points.

    Args:
        meta_keys: Keys that go to the data sample's metainfo.
    """

    def __init__(
        self, meta_keys: Sequence[str] = ('scene', 'lidar_path', 'skipped_samples', 'skipped_frames')
    ) -> None:
        self.meta_keys = tuple(meta_keys)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Pack a sample as ``inputs`` and ``data_samples``."""
        views = [self.pack_view(view) for view in results.get('views', [results])]
        sample = Det3DDataSample(metainfo={key: results[key] for key in self.meta_keys if key in results})
        return dict(inputs=dict(views=views), data_samples=sample)

    def pack_view(self, view: dict[str, Any]) -> dict[str, torch.Tensor]:
        """The tensors of one view."""
        check_per_point(view)
        packed = dict(points=view['points'].tensor)
        for key in ('point_ids', 'origin_xyz'):
            if key in view:
                packed[key] = torch.from_numpy(np.ascontiguousarray(view[key]))
        if 'frames' in view:
            packed.update(self.pack_frames(view))
        return packed

    def pack_frames(self, view: dict[str, Any]) -> dict[str, torch.Tensor]:
        """The images of one view, and the matches with those points that are still there."""
        frames, point_ids = view['frames'], view['point_ids']
        sizes = {frame.size for frame in frames}
        if len(sizes) != 1:
            raise ValueError(f'{scene_label(view)}: images must have one size, got {sorted(sizes)}')
        ids = np.concatenate([frame.point_ids for frame in frames])
        row, kept = rows_of_ids(point_ids, ids)
        image = np.repeat(np.arange(len(frames)), [len(frame.point_ids) for frame in frames])
        pixel = np.concatenate([frame.pixels for frame in frames])
        images = np.stack([frame.image for frame in frames]).transpose(0, 3, 1, 2)
        return dict(
            images=torch.from_numpy(np.ascontiguousarray(images)),
            match_image=torch.from_numpy(image[kept]),
            match_pixel=torch.from_numpy(pixel[kept]),
            match_point=torch.from_numpy(row),
        )
