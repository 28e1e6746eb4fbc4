"""Packing of objects for models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmcv.transforms import BaseTransform
from mmdet3d.registry import TRANSFORMS
from mmdet3d.structures import Det3DDataSample, PointData


@TRANSFORMS.register_module()
class PackObjectInputs(BaseTransform):
    """Turn an object into tensors.

    ``inputs`` hold ``points`` (P, 3) and, where :class:`RenderAxisViews` drew them, ``images``
    (3, 3, size, size) in 0 .. 255 and ``pixels`` (3, P, 2) int64. The data sample holds ``gt_label`` (1,)
    int64 and, where points have parts, ``gt_pts_seg.pts_semantic_mask`` (P,) int64.

    Args:
        meta_keys: Keys that go to the data sample's metainfo.
    """

    def __init__(self, meta_keys: Sequence[str] = ('object_name', 'split')) -> None:
        self.meta_keys = tuple(meta_keys)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Pack a sample as ``inputs`` and ``data_samples``."""
        inputs = dict(points=results['points'].coord)
        if 'images' in results:
            inputs['images'] = torch.from_numpy(results['images']).permute(0, 3, 1, 2) * 255
            inputs['pixels'] = torch.from_numpy(results['pixels'])
        sample = Det3DDataSample(metainfo={key: results[key] for key in self.meta_keys if key in results})
        sample.gt_label = torch.tensor([results['gt_label']])
        if 'pts_semantic_mask' in results:
            mask = torch.as_tensor(results['pts_semantic_mask']).long()
            sample.gt_pts_seg = PointData(pts_semantic_mask=mask)
        return dict(inputs=inputs, data_samples=sample)
