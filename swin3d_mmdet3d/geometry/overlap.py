"""How much of one cloud lies in another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.spatial import cKDTree


def voxel_means(xyz: np.ndarray, voxel_size: float) -> np.ndarray:
    """Mean ``(M, 3)`` float64 of the points of each occupied voxel, metres.

    Args:
        xyz: ``(P, 3)`` metres.
        voxel_size: Edge of a voxel in metres.
    """
    xyz = np.asarray(xyz, dtype=np.float64)
    if len(xyz) == 0:
        return xyz
    cell = np.floor(xyz / voxel_size).astype(np.int64)
    cell -= cell.min(axis=0)
    _, voxel = np.unique(np.ravel_multi_index(cell.T, cell.max(axis=0) + 1), return_inverse=True)
    counts = np.bincount(voxel)
    return np.stack([np.bincount(voxel, weights=xyz[:, axis]) for axis in range(3)], axis=1) / counts[:, None]


def cloud_overlap(first: np.ndarray, second: np.ndarray, radius: float) -> float:
    """Share of a cloud's points with a point of the other within a radius, the larger of both directions.

    Args:
        first: ``(P, 3)`` metres.
        second: ``(Q, 3)`` metres, in the same frame.
        radius: Metres; a point at exactly this distance counts.

    Returns:
        A share in [0, 1]; 0 where a cloud is empty.

    Source: facebookresearch/PointContrast, its overlap of frames.
    """
    return float(cloud_overlaps([first, second], radius)[0, 1])


def cloud_overlaps(clouds: Sequence[np.ndarray], radius: float) -> np.ndarray:
    """:func:`cloud_overlap` of all pairs of V clouds, ``(V, V)`` float64, 0 on the diagonal."""
    if not radius > 0:
        raise ValueError(f'radius must be a positive length in metres, got {radius}')
    trees = [cKDTree(cloud) for cloud in clouds]
    share = np.zeros((len(clouds), len(clouds)))
    for row, tree in enumerate(trees):
        for column, other in enumerate(trees):
            if row != column and _boxes_meet(tree, other, radius):
                # cKDTree searches up to a distance that it leaves out itself
                distance, _ = other.query(tree.data, distance_upper_bound=np.nextafter(radius, np.inf))
                share[row, column] = np.isfinite(distance).mean()
    return np.maximum(share, share.T)


def _boxes_meet(first: cKDTree, second: cKDTree, radius: float) -> bool:
    """Whether both hold points and their boxes come as near as a radius."""
    if first.n == 0 or second.n == 0:
        return False
    gap = np.maximum(first.mins - second.maxes, second.mins - first.maxes)
    return bool((gap <= radius).all())
