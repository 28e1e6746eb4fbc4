"""Depth images as surfaces: directions of the pixels, and normals from neighbouring pixels."""

from __future__ import annotations

import numpy as np


def panorama_directions(height: int, width: int) -> np.ndarray:
    """(height, width, 3) unit directions of a panorama's pixels, z up.

    The left edge looks to -y and the first row straight up; the azimuth grows from y towards x.
    """
    azimuth = np.arange(width) / width * 2 * np.pi - np.pi
    elevation = np.pi / 2 - np.arange(height)[:, None] / height * np.pi
    level = np.cos(elevation)
    up = np.broadcast_to(np.sin(elevation), (height, width))
    return np.stack([level * np.sin(azimuth), level * np.cos(azimuth), up], axis=-1)


def perspective_directions(
    height: int, width: int, front: np.ndarray, up: np.ndarray, half_angles: np.ndarray
) -> np.ndarray:
    """(height, width, 3) unit directions of the pixels of a pinhole camera.

    Args:
        height: rows.
        width: columns.
        front: (3,) unit vector of the optical axis.
        up: (3,) unit vector towards the upper edge.
        half_angles: (2,) half the horizontal and half the vertical angle of view, radians.
    """
    size = np.array([width, height])
    right, down = (
        (np.arange(1, length + 1) - length / 2) / (length / 2) * slope
        for length, slope in zip(size, np.tan(half_angles))
    )
    rays = front + right[None, :, None] * np.cross(front, up) - down[:, None, None] * np.asarray(up)
    return rays / np.linalg.norm(rays, axis=-1, keepdims=True)


def image_normals(points: np.ndarray, valid: np.ndarray, closed: bool) -> np.ndarray:
    """Unit normals of an organised surface: the cross product of its two pixel steps.

    Args:
        points: (H, W, 3) points of the pixels.
        valid: (H, W) whether a pixel has a point.
        closed: Whether the left and right edges meet, as those of a panorama do.

    Returns:
        (H, W, 3) float64 unit vectors of either sign; 0 at the edges of the image, where a
        neighbour has no point, and where the steps are parallel.
    """
    across = np.roll(points, -1, axis=1) - np.roll(points, 1, axis=1)
    known = valid & np.roll(valid, 1, axis=1) & np.roll(valid, -1, axis=1)
    if not closed:
        known[:, [0, -1]] = False
    down = np.zeros_like(points)
    down[1:-1] = points[2:] - points[:-2]
    known[1:-1] &= valid[2:] & valid[:-2]
    known[[0, -1]] = False
    cross = np.cross(across, down)
    length = np.linalg.norm(cross, axis=-1)
    known &= length > 1e-12
    return np.where(known[..., None], cross / np.where(known, length, 1)[..., None], 0.0)
