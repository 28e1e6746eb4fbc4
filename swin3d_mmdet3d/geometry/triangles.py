"""Points on triangle meshes, drawn evenly over their area."""

from __future__ import annotations

import numpy as np


def sample_triangles(
    rng: np.random.Generator, vertices: np.ndarray, faces: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Points on a mesh, as many on each unit of area, and the normals of their triangles.

    Args:
        rng: Draws the points.
        vertices: ``(V, 3)`` float.
        faces: ``(F, 3)`` int rows of the vertices, counter-clockwise seen from outside.
        count: P.

    Returns:
        ``(P, 3)`` float64 points and ``(P, 3)`` float64 unit normals.

    Raises:
        ValueError: Naming ``faces``, if the mesh has no area.
    """
    corners = np.asarray(vertices, dtype=np.float64)[np.asarray(faces)]
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    normals = np.cross(first, second)
    doubled = np.linalg.norm(normals, axis=1)
    total = doubled.sum()
    if not (np.isfinite(total) and total > 0):
        raise ValueError(f'faces must have an area, got {len(faces)} faces of area {total / 2:g}')
    chosen = rng.choice(len(doubled), count, p=doubled / total)
    # folds the square of two uniform numbers onto the triangle
    along, aside = rng.uniform(size=(2, count, 1))
    outside = along + aside > 1
    along, aside = np.where(outside, 1 - along, along), np.where(outside, 1 - aside, aside)
    points = corners[chosen, 0] + along * first[chosen] + aside * second[chosen]
    return points, normals[chosen] / doubled[chosen, None]
