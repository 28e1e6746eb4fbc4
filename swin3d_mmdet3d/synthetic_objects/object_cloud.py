"""A cloud of points on the surface of a model: sampled by area, cut by a plane, in the unit sphere, noisy."""

from __future__ import annotations

import math

import numpy as np

from ..geometry.triangles import sample_triangles
from ..synthetic_rooms.model import Model
from ..synthetic_rooms.shapes import rotation


def object_cloud(
    rng: np.random.Generator, model: Model, num_points: int, cut: float, noise: float
) -> np.ndarray:
    """Points and normals of a model that is turned about z, as a scan from one side has them.

    Args:
        rng: Draws turn, points, cut and noise.
        model: The model.
        num_points: P, how many points are left.
        cut: Share of the points that a plane of random direction takes away, in [0, 1).
        noise: Standard deviation of the points' noise, in radii of the unit sphere.

    Returns:
        ``(P, 6)`` float64: xyz, centred on its mean and within the unit sphere but for the noise; unit
        normals.
    """
    vertices, faces = _mesh_of(model)
    vertices = vertices @ rotation(rng.uniform(-np.pi, np.pi)).T
    xyz, normals = sample_triangles(rng, vertices, faces, math.ceil(num_points / (1 - cut)))
    kept = in_front_of_plane(rng, xyz, num_points)
    xyz = xyz[kept] - xyz[kept].mean(axis=0)
    xyz /= max(np.linalg.norm(xyz, axis=1).max(), np.finfo(np.float64).tiny)
    return np.concatenate([xyz + rng.normal(0, noise, xyz.shape), normals[kept]], axis=1)


def in_front_of_plane(rng: np.random.Generator, xyz: np.ndarray, count: int) -> np.ndarray:
    """``(count,)`` int64 rows, ascending, of the points on one side of a plane of random direction."""
    direction = rng.normal(size=3)
    return np.sort(np.argsort(xyz @ direction, kind='stable')[:count])


def _mesh_of(model: Model) -> tuple[np.ndarray, np.ndarray]:
    vertices, faces, first = [], [], 0
    for shape, _ in model.parts:
        vertices.append(shape.vertices)
        faces.append(shape.faces + first)
        first += len(shape.vertices)
    return np.concatenate(vertices), np.concatenate(faces)
