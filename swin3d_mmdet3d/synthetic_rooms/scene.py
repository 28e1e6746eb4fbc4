"""A scene: placed models, and the one triangle mesh made of them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .model import Model
from .shapes import rotation


@dataclass(frozen=True)
class Placed:
    """A model at a place: (3,) position in metres, yaw in radians, and what it stands on if not the floor."""

    model: Model
    position: np.ndarray
    yaw: float
    below: Placed | None = None


@dataclass
class Scene:
    """A room with everything in it.

    Attributes:
        size: (3,) width, depth and height of the room's bounding box, whose corner is the origin.
        instances: Placed models; instance i carries the id i + 1 in the masks.
        free_spots: (S, 2) places on the floor where somebody can stand, metres.
        lights: (L, 3) places of the light sources, metres.
    """

    size: np.ndarray
    instances: list[Placed] = field(default_factory=list)
    free_spots: np.ndarray = field(default_factory=lambda: np.zeros((0, 2)))
    lights: np.ndarray = field(default_factory=lambda: np.zeros((0, 3)))

    def add(
        self,
        model: Model,
        position: tuple[float, float, float],
        yaw: float = 0.0,
        below: Placed | None = None,
    ) -> Placed:
        """Place a model and return it."""
        placed = Placed(model, np.asarray(position, dtype=np.float64), float(yaw), below)
        self.instances.append(placed)
        return placed


@dataclass(frozen=True)
class SceneMesh:
    """All triangles of a scene.

    Attributes:
        vertices: (V, 3) float64 in metres.
        faces: (F, 3) int64.
        normals: (F, 3) float64 unit normals, outward.
        areas: (F,) float64 in square metres.
        instance: (F,) int64 index of the scene's instance.
        part: (F,) int64 running number of the part.
        parts: Per part its material, its instance's rotation (3, 3) and position (3,).
        kinds: Kind of each instance.
        below: (instances,) int64 instance that each stands on, itself where that is the floor.
    """

    vertices: np.ndarray
    faces: np.ndarray
    normals: np.ndarray
    areas: np.ndarray
    instance: np.ndarray
    part: np.ndarray
    parts: list[tuple]
    kinds: list[str]
    below: np.ndarray

    def albedo(self, points: np.ndarray, face: np.ndarray) -> np.ndarray:
        """(P, 3) surface colour, 0..1, at (P, 3) points that lie on the faces (P,)."""
        colors = np.zeros((len(points), 3))
        part = self.part[face]
        order = np.argsort(part, kind='stable')
        starts = np.flatnonzero(np.diff(part[order], prepend=-1))
        for rows in np.split(order, starts[1:]):
            if len(rows):
                material, turn, position = self.parts[part[rows[0]]]
                local = (points[rows] - position) @ turn
                colors[rows] = material.albedo(local, self.normals[face[rows]] @ turn)
        return colors

    def part_values(self, name: str) -> np.ndarray:
        """One number of the materials ('opacity' or 'glow') per part."""
        return np.array([getattr(material, name) for material, _, _ in self.parts])


def compile_mesh(scene: Scene) -> SceneMesh:
    """Join the placed models of a scene into one mesh; degenerate faces are left out."""
    vertices, faces, instance, part, parts = [], [], [], [], []
    first = 0
    number = {id(placed): index for index, placed in enumerate(scene.instances)}
    for index, placed in enumerate(scene.instances):
        turn = rotation(placed.yaw)
        for shape, material in placed.model.parts:
            vertices.append(shape.vertices @ turn.T + placed.position)
            faces.append(shape.faces + first)
            instance.append(np.full(len(shape.faces), index))
            part.append(np.full(len(shape.faces), len(parts)))
            parts.append((material, turn, placed.position))
            first += len(shape.vertices)
    points, triangles = np.concatenate(vertices), np.concatenate(faces)
    corner = points[triangles]
    cross = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    length = np.linalg.norm(cross, axis=1)
    keep = length > 1e-10
    return SceneMesh(
        points,
        triangles[keep],
        cross[keep] / length[keep, None],
        length[keep] / 2,
        np.concatenate(instance)[keep],
        np.concatenate(part)[keep],
        parts,
        [placed.model.kind for placed in scene.instances],
        np.array([number[id(placed.below or placed)] for placed in scene.instances]),
    )
