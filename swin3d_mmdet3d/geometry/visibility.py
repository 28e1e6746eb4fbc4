"""What a camera sees of a cloud: points inside its image that no nearer point covers."""

from __future__ import annotations

import numpy as np

from .camera import project

SLACK = 0.1
"""How far behind the nearest point of a pixel another is still seen, over its depth; floors far off slant."""


def visible_points(
    points: np.ndarray, pose: np.ndarray, intrinsic: np.ndarray, size: tuple[int, int], spacing: float
) -> tuple[np.ndarray, np.ndarray]:
    """Which points of a cloud lie in the view of a camera, and which of them it sees (z-buffer).

    A point covers one pixel at least as wide as a patch of ``spacing`` at its depth: the nearer it is, the
    larger its pixel, a power of two. Surfaces are closed then at every distance, and a point is seen unless
    one is nearer in any of the pixels that it lies in, by more than twice the spacing and a tenth of its
    depth.

    Args:
        points: (P, 3) metres, world frame.
        pose: (4, 4) camera-to-world matrix.
        intrinsic: (3, 3) or (4, 4) intrinsic matrix, pixels.
        size: Width and height of the image, pixels.
        spacing: How far neighbouring points of a surface lie apart at most, metres.

    Returns:
        (P,) bool, inside the image and in front of the camera, and (P,) bool, seen.

    Raises:
        ValueError: If ``spacing`` is not positive.
    """
    if not spacing > 0:
        raise ValueError(f'spacing must be a positive length in metres, got {spacing}')
    pixels, depth = project(points, pose, intrinsic)
    place = np.nan_to_num(pixels, nan=-1.0) + 0.5
    inside = (depth > 0) & ((place >= 0) & (place < size)).all(axis=1)
    place, depth = place[inside], depth[inside]
    level = np.ceil(np.log2(np.maximum(1.0, intrinsic[0, 0] * spacing / depth))).astype(np.int64)
    foremost = np.full(len(depth), np.inf)
    for step in np.unique(level):
        column, row = (place // 2.0**step).astype(np.int64).T
        pixel = row * (1 + size[0] // 2**step) + column
        nearest = np.full(int(pixel.max()) + 1, np.inf)
        np.minimum.at(nearest, pixel[level == step], depth[level == step])
        foremost = np.minimum(foremost, nearest[pixel])
    seen = inside.copy()
    seen[inside] = depth - foremost <= 2 * spacing + SLACK * depth
    return inside, seen
