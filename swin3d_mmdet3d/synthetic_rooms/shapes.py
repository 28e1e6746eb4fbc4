"""Triangle meshes of the elementary shapes that furniture and rooms are made of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import trimesh


@dataclass(frozen=True)
class Shape:
    """A triangle mesh without colour.

    Attributes:
        vertices: (V, 3) float64 in metres.
        faces: (F, 3) int64, counter-clockwise seen from outside.
    """

    vertices: np.ndarray
    faces: np.ndarray

    def moved(self, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Shape:
        """The shape shifted by a vector in metres."""
        return Shape(self.vertices + np.array([x, y, z]), self.faces)

    def turned(self, angle: float, axis: str = 'z') -> Shape:
        """The shape turned about a coordinate axis through the origin by an angle in radians."""
        return Shape(self.vertices @ rotation(angle, axis).T, self.faces)


def rotation(angle: float, axis: str = 'z') -> np.ndarray:
    """(3, 3) rotation matrix about the axis 'x', 'y' or 'z' by an angle in radians."""
    first, second = {'x': (1, 2), 'y': (2, 0), 'z': (0, 1)}[axis]
    matrix = np.eye(3)
    cosine, sine = np.cos(angle), np.sin(angle)
    matrix[[first, second], [first, second]] = cosine
    matrix[first, second], matrix[second, first] = -sine, sine
    return matrix


@cache
def _unit(name: str) -> Shape:
    """Unit box, cylinder or ball from trimesh, centred on the origin."""
    mesh = {
        'box': lambda: trimesh.creation.box(),
        'cylinder': lambda: trimesh.creation.cylinder(radius=0.5, height=1.0, sections=14),
        'ball': lambda: trimesh.creation.icosphere(subdivisions=2, radius=0.5),
    }[name]()
    return Shape(np.asarray(mesh.vertices, dtype=np.float64), np.asarray(mesh.faces))


def box(width: float, depth: float, height: float) -> Shape:
    """Cuboid standing on z = 0, centred on the z axis; edges in metres along x, y and z."""
    unit = _unit('box')
    return Shape((unit.vertices + [0, 0, 0.5]) * [width, depth, height], unit.faces)


def cylinder(radius: float, height: float, top_radius: float | None = None) -> Shape:
    """Cylinder, or frustum with `top_radius`, standing on z = 0 about the z axis; metres."""
    unit = _unit('cylinder')
    vertices = (unit.vertices + [0, 0, 0.5]) * [2 * radius, 2 * radius, height]
    if top_radius is not None:
        vertices[vertices[:, 2] > height / 2, :2] *= top_radius / radius
    return Shape(vertices, unit.faces)


def ball(width: float, depth: float, height: float) -> Shape:
    """Ellipsoid standing on z = 0 with the given extents in metres."""
    unit = _unit('ball')
    return Shape((unit.vertices + [0, 0, 0.5]) * [width, depth, height], unit.faces)


def cushion(width: float, depth: float, height: float, squareness: float = 0.4) -> Shape:
    """Rounded cuboid (superellipsoid) standing on z = 0; extents in metres.

    `squareness` in (0, 1]: 1 is an ellipsoid, near 0 a cuboid.
    """
    unit = _unit('ball')
    direction = unit.vertices * 2
    rounded = np.sign(direction) * np.abs(direction) ** squareness
    rounded /= np.abs(rounded).max(axis=0)
    return Shape((rounded + [0, 0, 1.0]) * [width / 2, depth / 2, height / 2], unit.faces)


def lathe(profile: np.ndarray, sections: int = 20) -> Shape:
    """Surface of revolution about z of a (K, 2) polyline of (radius, height) in metres."""
    profile = np.asarray(profile, dtype=np.float64)
    angles = np.arange(sections) * (2 * np.pi / sections)
    ring = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    flat = profile[:, None, :1] * ring[None]
    height = np.broadcast_to(profile[:, None, 1:], flat.shape[:2] + (1,))
    vertices = np.concatenate([flat, height], axis=2).reshape(-1, 3)
    row, column = np.meshgrid(np.arange(len(profile) - 1), np.arange(sections), indexing='ij')
    here = (row * sections + column).ravel()
    aside = (row * sections + (column + 1) % sections).ravel()
    lower = np.stack([here, aside, aside + sections], axis=1)
    upper = np.stack([here, aside + sections, here + sections], axis=1)
    return Shape(vertices, np.concatenate([lower, upper]))


def sheet(width: float, height: float, fold_depth: float, folds: int) -> Shape:
    """Hanging cloth in the xz plane: a sine-folded surface, 2 cm thick, bottom at z = 0."""
    columns = 6 * folds + 1
    x = np.linspace(-width / 2, width / 2, columns)
    wave = fold_depth * np.sin(np.linspace(0, 2 * np.pi * folds, columns))
    front = np.stack([x, wave + 0.01], axis=1)
    back = np.stack([x, wave - 0.01], axis=1)[::-1]
    outline = np.concatenate([front, back])
    count = len(outline)
    lower = np.column_stack([outline, np.zeros(count)])
    upper = np.column_stack([outline, np.full(count, height)])
    here = np.arange(count)
    following = (here + 1) % count
    faces = np.concatenate(
        [
            np.stack([following, here, here + count], axis=1),
            np.stack([following, here + count, following + count], axis=1),
        ]
    )
    return Shape(np.concatenate([lower, upper]), faces)


def frame(width: float, height: float, border: float, depth: float) -> list[Shape]:
    """Four bars around a rectangle in the xz plane; outer size in metres, bottom at z = 0."""
    side = box(border, depth, height)
    rail = box(width - 2 * border, depth, border)
    offset = (width - border) / 2
    return [side.moved(-offset), side.moved(offset), rail, rail.moved(z=height - border)]
