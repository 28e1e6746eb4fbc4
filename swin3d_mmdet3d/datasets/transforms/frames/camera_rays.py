"""Rays of the cameras that recorded a scene, in the frame of its augmented cloud."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet3d.registry import TRANSFORMS

from ....geometry.affine import fit_affine
from ....geometry.correspondence import back_project
from ....structures.rgbd_frame import RGBDFrame
from ..argument_checks import check_count, check_positive
from ..point_selection import add_field, scene_label
from ..points.shifts import scene_bounds

RAY_FIELDS = ('ray_origin', 'ray_direction', 'ray_depth', 'ray_color', 'ray_pixel')
MAX_RESIDUAL = 1e-3
"""Farthest that a point may lie from where the affine map brings it, metres."""
MAX_FITTED = 4096
"""Points out of which the map is found."""


@TRANSFORMS.register_module()
class CameraRays(BaseTransform):
    """Draw rays through pixels of the frames whose depth is known, and let them follow the augmentation.

    The cloud tells how it was moved: the affine map from where its points lay (``SourceCoords``) to where
    they lie now is fitted, and cameras and surface points go through it. The transform stands behind whatever
    turns, flips, scales or shifts the scene, and ahead of what bends or jitters it; no other transform has to
    know of rays. Images must be as they were loaded.

    Added ragged fields, a row for each ray: ``ray_origin`` (R, 3) metres, the camera; ``ray_direction``
    (R, 3), of length 1; ``ray_depth`` (R,) metres from the camera to the surface, along the ray;
    ``ray_color`` (R, 3) of the pixel, in [0, 1]; ``ray_pixel`` (R, 3) int64, its frame and its (u, v) there.

    Args:
        rays_per_frame: Rays of each frame; all pixels of a frame that has fewer.
        max_depth: Farther measurements are left out, metres along the optical axis.

    Source: arXiv 2310.08586 (PonderV2); there every transform carries the cameras along.
    """

    def __init__(self, rays_per_frame: int = 256, max_depth: float = 10.0) -> None:
        self.rays_per_frame = check_count('rays_per_frame', rays_per_frame)
        self.max_depth = check_positive('max_depth', max_depth)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Add the fields of the rays.

        Raises:
            ValueError: Naming the scene, if ``SourceCoords`` did not come before, the cloud was not moved as
                a whole, or an image was resized or cropped.
        """
        matrix = _motion(results)
        parts = [self._rays_of(number, frame) for number, frame in enumerate(results['frames'])]
        camera, surface, color, pixel = (np.concatenate(part) for part in zip(*parts))
        camera, surface = (xyz @ matrix[:3] + matrix[3] for xyz in (camera, surface))
        depth = np.linalg.norm(surface - camera, axis=1)
        direction = (surface - camera) / depth[:, None]
        for name, values in zip(RAY_FIELDS, (camera, direction, depth, color)):
            add_field(results, 'ragged', name, values.astype(np.float32))
        add_field(results, 'ragged', 'ray_pixel', pixel)
        return results

    def _rays_of(self, number: int, frame: RGBDFrame) -> tuple[np.ndarray, ...]:
        """Camera and surface points ``(R, 3)`` in the recording's frame, colours in [0, 1], pixels."""
        if frame.image.shape[:2] != frame.depth.shape:
            raise ValueError(
                f'{frame.name}: rays must be drawn before the image is resized or cropped, got an image of '
                f'{frame.image.shape[:2]} and a depth of {frame.depth.shape}'
            )
        surface, pixels = back_project(frame.depth, frame.pose, frame.intrinsic, self.max_depth)
        rows = np.random.permutation(len(pixels))[: self.rays_per_frame]
        color = frame.image[pixels[rows, 1], pixels[rows, 0]] / 255
        pixel = np.concatenate([np.full((len(rows), 1), number), pixels[rows]], axis=1)
        return np.broadcast_to(frame.pose[:3, 3], (len(rows), 3)), surface[rows], color, pixel

    def __repr__(self) -> str:
        return f'{type(self).__name__}(rays_per_frame={self.rays_per_frame}, max_depth={self.max_depth})'


@TRANSFORMS.register_module()
class CropRays(BaseTransform):
    """Keep the rays that end in the box around the points that are left, or almost.

    Args:
        margin: How far outside of the box a ray may end, metres; a thinned cloud ends ahead of its walls.
        shuffle: Give the depths and colours to the rays in random order, as a control.
    """

    def __init__(self, margin: float = 0.1, shuffle: bool = False) -> None:
        self.margin = check_positive('margin', margin)
        self.shuffle = shuffle

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Select rows of the fields of the rays."""
        low, high = scene_bounds(results)
        rays = {name: results['ragged'][name] for name in RAY_FIELDS}
        surface = rays['ray_origin'] + rays['ray_depth'][:, None] * rays['ray_direction']
        kept = np.flatnonzero(((surface >= low - self.margin) & (surface <= high + self.margin)).all(axis=1))
        other = np.random.permutation(kept) if self.shuffle else kept
        for name, values in rays.items():
            rows = other if name in ('ray_depth', 'ray_color') else kept
            add_field(results, 'ragged', name, values[rows])
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(margin={self.margin}, shuffle={self.shuffle})'


def _motion(results: dict[str, Any]) -> np.ndarray:
    """The affine map ``(4, 3)`` from the frame of the recording to that of the points."""
    source = results.get('per_point', {}).get('source_xyz')
    if source is None:
        raise ValueError(
            f'{scene_label(results)}: per_point fields must have source_xyz; SourceCoords adds it'
        )
    rows = np.linspace(0, len(source) - 1, min(len(source), MAX_FITTED)).astype(np.int64)
    matrix, residual = fit_affine(source[rows], results['points'].coord.numpy()[rows])
    if residual > MAX_RESIDUAL:
        raise ValueError(
            f'{scene_label(results)}: points must have moved as a whole to {MAX_RESIDUAL} m, '
            f'got {residual:.3g} m; CameraRays stands ahead of jitter and elastic distortion'
        )
    return matrix
