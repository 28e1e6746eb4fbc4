"""Loading of RGB-D frames, and the pixels that show the points of a cloud."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet3d.registry import TRANSFORMS
from mmengine.logging import print_log

from ....geometry.correspondence import back_project, visible_pixels
from ....structures.normal_points import NormalPoints
from ...layout.frames import UnusableFrameError, read_frame
from ..argument_checks import check_count, check_positive, check_probability
from ..point_selection import add_field, scene_label
from ..views.source_coords import number_points


@TRANSFORMS.register_module()
class LoadRGBDFrames(BaseTransform):
    """Load random frames of the sample as ``RGBDFrame``; the sample is skipped where none is usable.

    Required key: ``frame_files``, (folder, name) of each frame. Added keys: ``frames``, list of
    ``RGBDFrame``, and ``skipped_frames``, how many were drawn and could not be used.

    Args:
        num_frames: Frames to load; all of the sample where it has fewer.
        max_depth: Farther depths count as not measured, metres.
        min_valid: Least share of pixels with a valid depth.
    """

    def __init__(self, num_frames: int = 1, max_depth: float = 10.0, min_valid: float = 0.05) -> None:
        self.num_frames = check_count('num_frames', num_frames)
        self.max_depth = check_positive('max_depth', max_depth)
        self.min_valid = check_probability('min_valid', min_valid)

    def transform(self, results: dict[str, Any]) -> dict[str, Any] | None:
        """Load frames; None where no frame of the sample is usable."""
        frames, skipped = [], 0
        for index in np.random.permutation(len(results['frame_files'])):
            folder, name = results['frame_files'][index]
            try:
                frames.append(read_frame(folder, name, self.max_depth, self.min_valid))
            except UnusableFrameError as error:
                print_log(f'skipped {error}', 'current', logging.WARNING)
                skipped += 1
            if len(frames) == self.num_frames:
                break
        if not frames:
            return None
        results['frames'], results['skipped_frames'] = frames, skipped
        return results


@TRANSFORMS.register_module()
class BackProjectFrames(BaseTransform):
    """Make the cloud out of the frames' pixels; every point keeps the pixel it came from.

    Added: ``points``, ``NormalPoints`` (P, 6) in the world frame, and the field ``point_ids`` (P,) int64.

    Args:
        max_depth: Farther measurements are left out, metres.

    Source: arXiv 2104.04687, section 3.1.
    """

    def __init__(self, max_depth: float = 10.0) -> None:
        self.max_depth = check_positive('max_depth', max_depth)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Add ``points`` and ``point_ids``; give each frame its ``pixels`` and ``point_ids``.

        Raises:
            ValueError: If there are points already, whose masks would stay behind.
        """
        if 'points' in results:
            raise ValueError(f'{scene_label(results)}: points must not be there before BackProjectFrames')
        clouds, num_points = [], 0
        for frame in results['frames']:
            xyz, pixels = back_project(frame.depth, frame.pose, frame.intrinsic, self.max_depth)
            frame.set_matches(pixels, num_points + np.arange(len(xyz)))
            rgb = frame.image[pixels[:, 1], pixels[:, 0]]
            clouds.append(np.concatenate([xyz, rgb], axis=1).astype(np.float32))
            num_points += len(xyz)
        results['points'] = NormalPoints.from_columns(np.concatenate(clouds))
        add_field(results, 'per_point', 'point_ids', np.arange(num_points))
        return results


@TRANSFORMS.register_module()
class MatchVisiblePixels(BaseTransform):
    """Find the pixels of the frames that show points of the scene's cloud, by the frames' depth.

    Required keys: ``points`` in the frame of the poses (not yet augmented), ``frames``. Added field, where it
    is missing: ``point_ids`` (P,) int64.

    Args:
        tolerance: Largest difference between a visible point's depth and the measured one, metres.
    """

    def __init__(self, tolerance: float = 0.05) -> None:
        self.tolerance = check_positive('tolerance', tolerance)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Add ``point_ids``; give each frame its ``pixels`` and ``point_ids``."""
        xyz = results['points'].coord.numpy()
        ids = number_points(results)
        for frame in results['frames']:
            rows, pixels = visible_pixels(xyz, frame.depth, frame.pose, frame.intrinsic, self.tolerance)
            frame.set_matches(pixels, ids[rows])
        return results


@TRANSFORMS.register_module()
class DropFrames(BaseTransform):
    """Leave the frames behind, for methods that read clouds alone; images would be packed and moved else."""

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Remove ``frames``."""
        results.pop('frames', None)
        return results


@TRANSFORMS.register_module()
class KeepDepth(BaseTransform):
    """Take the frames' depth along with their images, as the field 'depth' of the pixels.

    A view then has ``per_image['depth']``, ``(I, height, width)`` float32 metres, 0 where nothing was
    measured. It must stand before whatever resizes, crops or mirrors images.
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Add the field.

        Raises:
            ValueError: If an image has no longer the size of its depth.
        """
        for frame in results['frames']:
            if frame.image.shape[:2] != frame.depth.shape:
                raise ValueError(
                    f'{frame.name}: the depth must be kept before the image is resized or cropped, got an '
                    f'image of {frame.image.shape[:2]} and a depth of {frame.depth.shape}'
                )
            frame.per_pixel['depth'] = frame.depth.astype(np.float32)
        return results
