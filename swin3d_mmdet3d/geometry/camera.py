"""Pinhole camera: x right, y down, z forward; u = fx x / z + cx, v = fy y / z + cy."""

from __future__ import annotations

import numpy as np


def intrinsic_matrix(width: int, height: int, horizontal_view: float) -> np.ndarray:
    """(4, 4) intrinsic matrix of a centred camera whose horizontal angle of view is in radians.

    The centre of the top left pixel is (0, 0), so that the image spans -0.5..width - 0.5.
    """
    focal = width / 2 / np.tan(horizontal_view / 2)
    matrix = np.eye(4)
    matrix[0, 0] = matrix[1, 1] = focal
    matrix[:2, 2] = (width - 1) / 2, (height - 1) / 2
    return matrix


def look_at(eye: np.ndarray, target: np.ndarray) -> np.ndarray:
    """(4, 4) camera-to-world matrix of a level camera at `eye` (3,) that looks at `target` (3,).

    World z points up. Raises ValueError where the camera would look straight up or down.
    """
    forward = np.asarray(target, dtype=np.float64) - eye
    right = np.cross(forward, [0.0, 0.0, 1.0])
    if np.linalg.norm(right) < 1e-9:
        raise ValueError(f'target must not lie straight above or below eye, got {target} and {eye}')
    forward = forward / np.linalg.norm(forward)
    right = right / np.linalg.norm(right)
    pose = np.eye(4)
    pose[:3, :3] = np.stack([right, np.cross(forward, right), forward], axis=1)
    pose[:3, 3] = eye
    return pose


def scale_intrinsic(intrinsic: np.ndarray, horizontal: float, vertical: float) -> np.ndarray:
    """The intrinsic matrix of an image resized by two factors; the centre of the first pixel stays (0, 0)."""
    scaled = np.array(intrinsic, dtype=np.float64)
    scaled[0, 0] *= horizontal
    scaled[1, 1] *= vertical
    scaled[0, 2] = (scaled[0, 2] + 0.5) * horizontal - 0.5
    scaled[1, 2] = (scaled[1, 2] + 0.5) * vertical - 0.5
    return scaled


def check_intrinsic(intrinsic: np.ndarray, width: int, height: int, name: str = 'intrinsic') -> None:
    """Refuse an intrinsic matrix that cannot belong to an image of this size.

    The principal point of a camera lies near the middle of its image; that of another resolution does not
    (colour and depth of ScanNet differ by a factor of two).

    Raises:
        ValueError: Naming `name`, if the shape is neither (3, 3) nor (4, 4), a focal length is not positive,
            or the principal point lies more than a fifth of the image off its middle.
    """
    intrinsic = np.asarray(intrinsic)
    if intrinsic.shape not in ((3, 3), (4, 4)) or not np.isfinite(intrinsic).all():
        raise ValueError(f'{name} must be a finite (3, 3) or (4, 4) matrix, got {intrinsic.tolist()}')
    focal, center = intrinsic[[0, 1], [0, 1]], intrinsic[:2, 2]
    if not (focal > 0).all():
        raise ValueError(f'{name} must have positive focal lengths, got {focal.tolist()}')
    if (np.abs((center + 0.5) / [width, height] - 0.5) > 0.2).any():
        raise ValueError(
            f'{name} must belong to images of {width} x {height}, '
            f'got the principal point {center.tolist()} of another resolution'
        )


def is_rigid(pose: np.ndarray) -> bool:
    """Whether a (4, 4) matrix is a finite rotation and shift; lost frames of ScanNet hold infinities."""
    pose = np.asarray(pose, dtype=np.float64)
    if pose.shape != (4, 4) or not np.isfinite(pose).all():
        return False
    turn = pose[:3, :3]
    return bool(np.allclose(turn @ turn.T, np.eye(3), atol=1e-2) and np.linalg.det(turn) > 0)


def pixel_grid(width: int, height: int) -> np.ndarray:
    """(height * width, 2) float64 (u, v) centres of the pixels, row by row."""
    u, v = np.meshgrid(np.arange(width, dtype=np.float64), np.arange(height, dtype=np.float64))
    return np.stack([u.ravel(), v.ravel()], axis=1)


def project(points: np.ndarray, pose: np.ndarray, intrinsic: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Project world points into an image.

    Args:
        points: (P, 3) in metres, world frame.
        pose: (4, 4) camera-to-world matrix.
        intrinsic: (3, 3) or (4, 4) intrinsic matrix, pixels.

    Returns:
        (P, 2) float64 pixel (u, v), and (P,) float64 depth along the optical axis in metres;
        the pixel of a point at or behind the camera's plane (depth <= 0) is nan.
    """
    _check_columns('points', points, 3)
    local = (np.asarray(points, dtype=np.float64) - pose[:3, 3]) @ pose[:3, :3]
    depth = local[:, 2]
    safe = np.where(depth > 0, depth, np.nan)
    pixel = local[:, :2] / safe[:, None] * [intrinsic[0, 0], intrinsic[1, 1]] + intrinsic[:2, 2]
    return pixel, depth


def unproject(pixels: np.ndarray, depth: np.ndarray, pose: np.ndarray, intrinsic: np.ndarray) -> np.ndarray:
    """World points (P, 3) of pixels (P, 2) at depths (P,) along the optical axis; metres."""
    _check_columns('pixels', pixels, 2)
    depth = np.asarray(depth, dtype=np.float64)[:, None]
    flat = (pixels - intrinsic[:2, 2]) / [intrinsic[0, 0], intrinsic[1, 1]] * depth
    return np.concatenate([flat, depth], axis=1) @ pose[:3, :3].T + pose[:3, 3]


def visible_in_depth(
    pixels: np.ndarray, depth: np.ndarray, depth_map: np.ndarray, tolerance: float = 0.05
) -> np.ndarray:
    """Which projected points a depth image shows: inside it and at the depth it measured.

    Args:
        pixels: (P, 2) from project.
        depth: (P,) from project, metres.
        depth_map: (height, width) metres, 0 where nothing was measured.
        tolerance: Largest difference to the measured depth, metres.

    Returns:
        (P,) bool.
    """
    _check_columns('pixels', pixels, 2)
    height, width = depth_map.shape
    nearest = np.round(np.nan_to_num(pixels, nan=-1.0))
    inside = (depth > 0) & ((nearest >= 0) & (nearest < [width, height])).all(axis=1)
    column, row = np.where(inside[:, None], nearest, 0).astype(np.int64).T
    measured = np.asarray(depth_map, dtype=np.float64)[row, column]
    return inside & (measured > 0) & (np.abs(depth - measured) <= tolerance)


def _check_columns(name: str, values: np.ndarray, columns: int) -> None:
    if np.ndim(values) != 2 or np.shape(values)[1] != columns:
        raise ValueError(f'{name} must have the shape (P, {columns}), got {np.shape(values)}')
