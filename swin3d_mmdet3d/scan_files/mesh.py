"""Meshes as scans: their vertices, or points drawn on their surface, with colours of vertices or textures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from mmengine.logging import print_log

from .scan import GREY, Scan, make_scan


@dataclass(frozen=True)
class MeshPart:
    """Triangles that share vertices.

    Attributes:
        vertices: (V, 3) float64 coordinates.
        faces: (F, 3) int64 indices of vertices.
        color: (V, 3) colours of vertices in 0..255, or None.
        corner_uv: (F, 3, 2) places of the corners in the texture, (0, 0) at its lower left; or None.
        textures: (H, W, 3) uint8 pictures.
        face_texture: (F,) int64 which of them each face has, -1 for none; or None.
    """

    vertices: np.ndarray
    faces: np.ndarray
    color: np.ndarray | None = None
    corner_uv: np.ndarray | None = None
    textures: tuple[np.ndarray, ...] = ()
    face_texture: np.ndarray | None = None

    def __post_init__(self) -> None:
        low, high = self.faces.min(initial=0), self.faces.max(initial=-1)
        if low < 0 or high >= len(self.vertices):
            raise ValueError(f'faces: expected indices of {len(self.vertices)} vertices, got {low} .. {high}')

    @property
    def vertex_colors(self) -> np.ndarray | None:
        """(V, 3) colours of vertices, from the textures where they have none of their own; or None."""
        if self.color is not None or not self.textures:
            return self.color
        color = np.full(self.vertices.shape, np.nan)
        color[self.faces.reshape(-1)] = self.texture_at(
            self.corner_uv.reshape(-1, 2), np.repeat(self.face_texture, 3)
        )
        return color

    def texture_at(self, uv: np.ndarray, which: np.ndarray) -> np.ndarray:
        """(K, 3) float64 colours of textures (K,), which repeat, at (K, 2) places; NaN for none."""
        color = np.full((len(uv), 3), np.nan)
        for number, texture in enumerate(self.textures):
            own = (which == number) & np.isfinite(uv).all(axis=1)
            height, width = texture.shape[:2]
            inside = (uv[own] >= 0) & (uv[own] <= 1)
            u, v = np.where(inside, uv[own], uv[own] % 1.0).T
            column = np.minimum((u * width).astype(np.int64), width - 1)
            row = np.minimum(((1 - v) * height).astype(np.int64), height - 1)
            color[own] = texture[row, column]
        return color

    def areas(self) -> np.ndarray:
        """(F,) areas of the faces, 0 where a corner is not finite."""
        a, b, c = (self.vertices[self.faces[:, corner]] for corner in range(3))
        with np.errstate(over='ignore', invalid='ignore'):
            area = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2
        return np.where(np.isfinite(area), area, 0)

    def points_on(
        self, face: np.ndarray, weight: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """Points (K, 3), normals and colours on faces (K,) at the weights (K, 3) of their corners."""
        corners = self.vertices[self.faces[face]]
        along, across = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
        normal = np.cross(along, across)
        # From a corner on: points on a plane along the axes stay on it to the last bit.
        points = corners[:, 0] + weight[:, 1:2] * along + weight[:, 2:] * across
        if self.color is not None:
            return points, normal, (weight[:, :, None] * self.color[self.faces[face]]).sum(axis=1)
        if not self.textures:
            return points, normal, None
        uv = (weight[:, :, None] * self.corner_uv[face]).sum(axis=1)
        return points, normal, self.texture_at(uv, self.face_texture[face])


def mesh_scan(parts: Sequence[MeshPart], sample: int | None = None) -> Scan:
    """A scan of a mesh.

    Args:
        parts: Of the mesh.
        sample: Number of points drawn evenly on the surface, always the same ones, with the normals of their
            faces; None for the vertices.

    Raises:
        ValueError: There are no vertices, or no surface to draw points on.
    """
    faces = sum(len(part.faces) for part in parts)
    if sample is None:
        if faces:
            count = sum(len(part.vertices) for part in parts)
            print_log(
                f'{count} vertices of a mesh of {faces} faces are read; --sample draws points on it',
                'current',
            )
        xyz = np.concatenate([part.vertices for part in parts] or [np.zeros((0, 3))])
        return make_scan(
            xyz, _joined([part.vertex_colors for part in parts], [len(p.vertices) for p in parts])
        )
    areas = np.concatenate([part.areas() for part in parts] or [np.zeros(0)])
    total = float(areas.sum())
    if not 0 < total < np.inf:
        raise ValueError(
            f'sample: expected a mesh with faces to draw points on, got {faces} faces of area {total:g}'
        )
    rng = np.random.default_rng(0)
    chosen = np.sort(rng.choice(len(areas), sample, p=areas / total))
    root, along = np.sqrt(rng.random(sample)), rng.random(sample)
    weight = np.stack([1 - root, root * (1 - along), root * along], axis=1)
    drawn, first = [], 0
    for part in parts:
        own = (chosen >= first) & (chosen < first + len(part.faces))
        drawn.append(part.points_on(chosen[own] - first, weight[own]))
        first += len(part.faces)
    xyz, normal, color = zip(*drawn)
    return make_scan(np.concatenate(xyz), _joined(color, [len(own) for own in xyz]), np.concatenate(normal))


def _joined(colors: Sequence[np.ndarray | None], counts: Sequence[int]) -> np.ndarray | None:
    """(P, 3) colours of all parts as whole numbers, mid-grey for parts without; None where all are."""
    if all(color is None for color in colors):
        return None
    filled = [
        np.full((count, 3), GREY) if color is None else np.nan_to_num(color, nan=GREY)
        for color, count in zip(colors, counts)
    ]
    # Whole numbers are 0..255 also where all are dark.
    return np.rint(np.concatenate(filled)).astype(np.int64)
