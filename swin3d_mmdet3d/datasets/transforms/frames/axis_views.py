"""Images that a cloud gives of itself, for image teachers of scenes without frames."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet3d.registry import TRANSFORMS

from ....geometry import axis_views
from ....structures.rgbd_frame import RGBDFrame
from ..argument_checks import check_choice, check_count
from ..point_selection import scene_label
from ..views.source_coords import number_points


@TRANSFORMS.register_module()
class AxisViews(BaseTransform):
    """Draw the cloud along its three axes; every point is matched with its pixel in each image.

    It stands where the points have their final place and still colours of 0 .. 255; points that leave later
    take their matches along. Added keys: ``frames``, three ``RGBDFrame`` as those of a camera, with no depth
    measured and identities for pose and intrinsic matrix, which an orthographic image has not, and the field
    ``point_ids`` (P,) int64.

    Args:
        paint: 'color', the mean colour of the points behind a pixel, or 'depth', the paper's images, for
            clouds in the unit sphere. See :func:`axis_views`.
        size: Height and width of the images in pixels.

    Source: arXiv 2212.06785, section 3.2; colours are ours.
    """

    def __init__(self, paint: str = 'color', size: int = 224) -> None:
        self.paint = check_choice('paint', paint, ('color', 'depth'))
        self.size = check_count('size', size)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Add ``frames`` and ``point_ids``.

        Raises:
            ValueError: If there are frames already, no points, or colours beyond 0 .. 255.
        """
        if 'frames' in results:
            raise ValueError(f'{scene_label(results)}: frames must not be there before AxisViews')
        points = results['points']
        colors = points.tensor[:, 3:6].numpy() / 255 if self.paint == 'color' else None
        try:
            images, pixels = axis_views(points.coord.numpy(), colors, self.size)
        except ValueError as error:
            raise ValueError(f'{scene_label(results)}: {error}') from error
        ids = number_points(results)
        results['frames'] = [
            _frame(f'view along axis {axis}', np.uint8(np.round(255 * image)), places, ids)
            for axis, image, places in zip('zyx', images, pixels)
        ]
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(paint={self.paint!r}, size={self.size})'


def _frame(name: str, image: np.ndarray, pixels: np.ndarray, ids: np.ndarray) -> RGBDFrame:
    """A frame whose camera is not told."""
    frame = RGBDFrame(name, image, np.zeros(image.shape[:2], np.float32), np.eye(4), np.eye(4))
    frame.set_matches(pixels, ids)
    return frame
