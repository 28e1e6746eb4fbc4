"""Shape colours: greys of points without a colour, lit so that surfaces of different directions differ."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from ..geometry.normals import estimate_normals
from .point_renderer import SHAPE_COLOR

_LIGHT = np.array([-0.34, -0.59, 0.73])
_DARKEST = 0.4
# Normals of larger clouds are estimated on every n-th point; the others take that of the nearest.
_MOST_ESTIMATED = 100_000


def shape_colors(xyz: np.ndarray, normal: np.ndarray | None = None) -> np.ndarray:
    """Grey of each point by how steeply the light falls on its surface, from either side.

    Args:
        xyz: ``(P, 3)`` metres, z up, finite.
        normal: ``(P, 3)`` unit vectors, or None: they are estimated.

    Returns:
        ``(P, 3)`` uint8.
    """
    if len(xyz) == 0:
        return np.zeros((0, 3), dtype=np.uint8)
    if normal is None:
        some = xyz[:: -(-len(xyz) // _MOST_ESTIMATED)]
        normal = estimate_normals(some)
        if len(some) < len(xyz):
            normal = normal[cKDTree(some).query(xyz)[1]]
    light = np.minimum(np.abs(np.nan_to_num(np.asarray(normal)) @ _LIGHT), 1)
    return np.rint((_DARKEST + (1 - _DARKEST) * light)[:, None] * SHAPE_COLOR).astype(np.uint8)
