"""Matched rows: pixels of a frame with points of a cloud, and points of one cloud with those of another."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from .camera import project, unproject, visible_in_depth


def back_project(
    depth_map: np.ndarray, pose: np.ndarray, intrinsic: np.ndarray, max_depth: float = 10.0
) -> tuple[np.ndarray, np.ndarray]:
    """World points of all pixels of a frame that have a valid depth.

    Args:
        depth_map: (height, width) metres along the optical axis, 0 where nothing was measured.
        pose: (4, 4) camera-to-world matrix.
        intrinsic: (3, 3) or (4, 4) intrinsic matrix of the depth image.
        max_depth: Farther measurements are not trusted, metres.

    Returns:
        (M, 3) float64 world points in metres, and (M, 2) int64 pixels (u, v), row by row.

    Source: arXiv 2104.04687, section 3.1.
    """
    if depth_map.ndim != 2:
        raise ValueError(f'depth_map must have the shape (height, width), got {depth_map.shape}')
    row, column = np.nonzero((depth_map > 0) & (depth_map <= max_depth))
    pixels = np.stack([column, row], axis=1)
    return unproject(pixels, depth_map[row, column], pose, intrinsic), pixels


def visible_pixels(
    points: np.ndarray, depth_map: np.ndarray, pose: np.ndarray, intrinsic: np.ndarray, tolerance: float
) -> tuple[np.ndarray, np.ndarray]:
    """The points of a cloud that a frame shows, and where.

    Args:
        points: (P, 3) metres, world frame.
        depth_map: (height, width) metres, 0 where nothing was measured.
        pose: (4, 4) camera-to-world matrix.
        intrinsic: (3, 3) or (4, 4) intrinsic matrix of the depth image.
        tolerance: Largest difference between a visible point's depth and the measured one, metres.

    Returns:
        (M,) int64 rows of points, ascending, and (M, 2) float64 pixels (u, v).
    """
    pixels, depth = project(points, pose, intrinsic)
    rows = np.flatnonzero(visible_in_depth(pixels, depth, depth_map, tolerance))
    return rows, pixels[rows]


def nearest_within(query: np.ndarray, source: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """For each point of a cloud the nearest point of another, where one lies within a radius.

    Args:
        query: (P, 3) metres.
        source: (Q, 3) metres, in the same frame.
        radius: Largest distance of a match, metres; a match at exactly this distance counts.

    Returns:
        (M,) int64 rows of the query, ascending, and (M,) int64 rows of the source.

    Source: arXiv 2007.10985, section 3.2: matches lie within 1.5 voxels.
    """
    if not radius > 0:
        raise ValueError(f'radius must be a positive length in metres, got {radius}')
    if len(query) == 0 or len(source) == 0:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    distance, index = cKDTree(source).query(query)
    rows = np.flatnonzero(distance <= radius)
    return rows, index[rows].astype(np.int64)
