"""First hits of rays on a triangle mesh, by Embree where embreex is installed."""

from __future__ import annotations

import numpy as np
import trimesh
from mmengine.logging import print_log

from .scene import SceneMesh


def embree_is_installed() -> bool:
    """Whether trimesh finds Embree."""
    return bool(trimesh.ray.has_embree)


def note_backend() -> None:
    """Say in the log which ray caster serves."""
    if not embree_is_installed():
        print_log('embreex is not installed: rays are cast by trimesh, far more slowly', 'current')


class RayCaster:
    """Casts rays at a scene's mesh."""

    def __init__(self, mesh: SceneMesh) -> None:
        self.mesh = mesh
        body = trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)
        if embree_is_installed():
            self._rays = trimesh.ray.ray_pyembree.RayMeshIntersector(body)
        else:
            self._rays = trimesh.ray.ray_triangle.RayMeshIntersector(body)

    def first_hits(self, origins: np.ndarray, directions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """First face that each ray meets, and the length of the way there.

        Args:
            origins: (P, 3) in metres.
            directions: (P, 3), any length.

        Returns:
            (P,) int64 face, -1 for none, and (P,) float64 distance in units of the direction's
            length, infinite for none.
        """
        face = np.asarray(self._rays.intersects_first(origins, directions))
        distance = np.full(len(face), np.inf)
        hit = face >= 0
        normal = self.mesh.normals[face[hit]]
        corner = self.mesh.vertices[self.mesh.faces[face[hit], 0]]
        along = np.einsum('ij,ij->i', normal, directions[hit])
        ahead = np.einsum('ij,ij->i', normal, corner - origins[hit])
        distance[hit] = ahead / np.where(np.abs(along) < 1e-9, 1e-9, along)
        return face, distance

    def sees(self, origin: np.ndarray, points: np.ndarray, tolerance: float = 0.004) -> np.ndarray:
        """(P,) bool: whether nothing stands between one place (3,) and surface points (P, 3)."""
        directions = points - origin
        length = np.linalg.norm(directions, axis=1)
        _, share = self.first_hits(np.broadcast_to(origin, points.shape), directions)
        return share * length > length - tolerance
