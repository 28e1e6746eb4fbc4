"""The part of a cloud that the frames show."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet3d.registry import TRANSFORMS

from ..point_selection import point_ids, scene_label, select_points


@TRANSFORMS.register_module()
class KeepShownPoints(BaseTransform):
    """Keep the points that a pixel of a frame shows, so that cloud and images have one crop.

    It stands behind what crops the images. Where no pixel shows a point, the sample is skipped.
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any] | None:
        """Select the points; None without any.

        Raises:
            ValueError: If frames and points were not matched.
        """
        ids = point_ids(results)
        if ids is None:
            raise ValueError(
                f'{scene_label(results)}: points must be matched with the frames before KeepShownPoints, '
                'by BackProjectFrames or MatchVisiblePixels'
            )
        shown = np.concatenate([frame.point_ids for frame in results['frames']])
        rows = np.flatnonzero(np.isin(ids, shown))
        return select_points(results, rows) if len(rows) else None
