"""A model: coloured parts of one object in its own frame (front +y, back -y, standing on z = 0)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .shapes import Shape
from .textures import Material


@dataclass(frozen=True)
class Support:
    """A flat place on which things can stand: centre, size and height in metres."""

    x: float
    y: float
    width: float
    depth: float
    z: float


@dataclass
class Model:
    """An object: its kind, its parts by material, and the places on which things can stand.

    Attributes:
        kind: Name that the domains translate into a class (see domains.KINDS).
        parts: Shapes with their material.
        supports: Flat tops in the object's frame.
    """

    kind: str
    parts: list[tuple[Shape, Material]] = field(default_factory=list)
    supports: list[Support] = field(default_factory=list)

    def add(self, material: Material, *shapes: Shape) -> Model:
        """Append shapes of one material."""
        vertices, faces, first = [], [], 0
        for shape in shapes:
            vertices.append(shape.vertices)
            faces.append(shape.faces + first)
            first += len(shape.vertices)
        self.parts.append((Shape(np.concatenate(vertices), np.concatenate(faces)), material))
        return self

    def bounds(self) -> np.ndarray:
        """(2, 3) smallest and largest corner in the object's frame, metres."""
        vertices = np.concatenate([shape.vertices for shape, _ in self.parts])
        return np.stack([vertices.min(axis=0), vertices.max(axis=0)])
