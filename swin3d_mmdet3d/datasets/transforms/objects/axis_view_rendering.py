"""Depth images of an object along the three axes."""

from __future__ import annotations

from typing import Any

from mmcv.transforms import BaseTransform
from mmdet3d.registry import TRANSFORMS

from ....geometry import axis_views
from ..argument_checks import check_count


@TRANSFORMS.register_module()
class RenderAxisViews(BaseTransform):
    """Draw the points as they are now along the three axes, and tell the pixel of each point.

    Transforms that move or choose points must stand before it.

    Args:
        size: Height and width of the images in pixels.

    Source: arXiv 2212.06785, section 3.2; see :func:`axis_views`.
    """

    def __init__(self, size: int = 224) -> None:
        self.size = check_count('size', size)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Add ``images`` (3, size, size, 3) float32 in [0, 1] and ``pixels`` (3, P, 2) int64 (u, v)."""
        xyz = results['points'].coord.numpy()
        results['images'], results['pixels'] = axis_views(xyz, size=self.size)
        return results
