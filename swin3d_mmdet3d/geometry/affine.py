"""The affine map between two places of the same points, found from the points."""

from __future__ import annotations

import numpy as np


def fit_affine(source: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, float]:
    """The affine map that brings points to where they are now: turns, flips, scales and shifts in one.

    Args:
        source: ``(P, 3)`` metres, where the points were.
        target: ``(P, 3)`` metres, where they are.

    Returns:
        ``(4, 3)`` float64, A and below it b of x = o A + b; and how far, in metres, the worst of the points
        lies from where the map brings it.

    Raises:
        ValueError: If the shapes differ, or the points lie in one plane, off which the map is unknown.
    """
    if source.shape != target.shape or source.ndim != 2 or source.shape[1] != 3:
        raise ValueError(f'source and target must be (P, 3) both, got {source.shape} and {target.shape}')
    middle = source.mean(axis=0, dtype=np.float64) if len(source) else np.zeros(3)
    columns = np.concatenate([source - middle, np.ones((len(source), 1))], axis=1)
    matrix, _, rank, _ = np.linalg.lstsq(columns, np.asarray(target, dtype=np.float64), rcond=1e-6)
    if rank < 4:
        raise ValueError(f'source must hold points off one plane, got {len(source)} points of rank {rank}')
    residual = np.linalg.norm(columns @ matrix - target, axis=1).max()
    matrix[3] -= middle @ matrix[:3]
    return matrix, float(residual)
