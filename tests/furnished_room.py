"""A hand-made room of rectangles, as mesh and as panorama: every point's normal and object is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

WIDTH, DEPTH, HEIGHT = 6.0, 5.0, 2.5  # metres
CELL = 1.0  # pieces of furniture stand on a grid of cells
SHELL = ('floor', 'wall', 'wall', 'wall', 'wall', 'ceiling')


@dataclass(frozen=True)
class Rectangle:
    """corner + s * across + t * up with s, t in 0..1; its front side is along across x up."""

    corner: np.ndarray
    across: np.ndarray
    up: np.ndarray
    thing: int

    @property
    def normal(self):
        cross = np.cross(self.across, self.up)
        return cross / np.linalg.norm(cross)


@dataclass(frozen=True)
class Room:
    """kinds[i] is the name of thing i; colors[i] its colour, 0..255."""

    kinds: tuple[str, ...]
    colors: np.ndarray
    rectangles: list[Rectangle]


@dataclass(frozen=True)
class RoomMesh:
    """P vertices in a mixed order: xyz, normals (P, 3), thing and patch (P,), rgb (P, 3), faces (F, 3)."""

    xyz: np.ndarray
    normals: np.ndarray
    thing: np.ndarray
    patch: np.ndarray
    rgb: np.ndarray
    faces: np.ndarray


def furnished_room(furniture, seed=0, kinds_of_shell=SHELL):
    """A closed room with one block for each name of `furniture` (at most 20), all things different."""
    rng = np.random.default_rng(seed)
    w, d, h = np.diag([WIDTH, DEPTH, HEIGHT])
    origin = np.zeros(3)
    shell = [(origin, w, d), (origin, d, h), (w + d, -d, h), (origin, h, w), (d, w, h), (h + d, w, -d)]
    rectangles = [Rectangle(*sides, thing) for thing, sides in enumerate(shell)]
    cells = rng.permutation([(x, y) for x in range(1, 6) for y in range(1, 5)])
    for number, _ in enumerate(furniture):
        size = rng.uniform([0.4, 0.4, 0.3], [0.7, 0.7, 1.2])
        middle = np.append(cells[number] * CELL, size[2] / 2)
        rectangles += _block(middle, size, len(SHELL) + number)
    kinds = (*kinds_of_shell, *furniture)
    return Room(kinds, rng.integers(30, 226, (len(kinds), 3)), rectangles)


def _block(middle, size, thing):
    """The four sides and the top of a block on the floor."""
    x, y, z = np.diag(size)
    low = middle - size / 2
    sides = [(low, x, z), (low + x, y, z), (low + x + y, -x, z), (low + y, -y, z), (low + z, x, y)]
    return [Rectangle(*side, thing) for side in sides]


def room_mesh(room, spacing=0.15, seed=0):
    """Every rectangle as its own grid of vertices, in an order without rule."""
    rng = np.random.default_rng(seed)
    parts = {name: [] for name in ('xyz', 'normals', 'thing', 'patch', 'faces')}
    first = 0
    for patch, rectangle in enumerate(room.rectangles):
        across, up = (
            np.linspace(0, 1, 1 + max(1, round(np.linalg.norm(side) / spacing)))
            for side in (rectangle.across, rectangle.up)
        )
        s, t = (grid.reshape(-1, 1) for grid in np.meshgrid(across, up))
        parts['xyz'].append(rectangle.corner + s * rectangle.across + t * rectangle.up)
        parts['normals'].append(np.tile(rectangle.normal, (len(s), 1)))
        parts['thing'].append(np.full(len(s), rectangle.thing))
        parts['patch'].append(np.full(len(s), patch))
        parts['faces'].append(first + _grid_faces(len(across), len(up)))
        first += len(s)
    whole = {name: np.concatenate(values) for name, values in parts.items()}
    order = rng.permutation(first)
    rows = {name: whole[name][order] for name in ('xyz', 'normals', 'thing', 'patch')}
    rgb = np.clip(room.colors[rows['thing']] + rng.integers(-20, 21, (first, 3)), 0, 255)
    return RoomMesh(**rows, rgb=rgb, faces=np.argsort(order)[whole['faces']])


def _grid_faces(columns, rows):
    """(F, 3) triangles of a grid of vertices, counter-clockwise."""
    at = np.arange(columns * rows).reshape(rows, columns)
    a, b, c, d = (corner.ravel() for corner in (at[:-1, :-1], at[:-1, 1:], at[1:, 1:], at[1:, :-1]))
    return np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])


def first_hits(room, eye, directions):
    """Distance (P,) along unit directions (P, 3) to the nearest rectangle, and its number (P,)."""
    nearest = np.full(len(directions), np.inf)
    number = np.full(len(directions), -1)
    for index, rectangle in enumerate(room.rectangles):
        with np.errstate(divide='ignore', invalid='ignore'):
            distance = (rectangle.corner - eye) @ rectangle.normal / (directions @ rectangle.normal)
            place = eye + distance[:, None] * directions - rectangle.corner
            s = place @ rectangle.across / (rectangle.across @ rectangle.across)
            t = place @ rectangle.up / (rectangle.up @ rectangle.up)
        inside = (distance > 0) & (s >= 0) & (s <= 1) & (t >= 0) & (t <= 1) & (distance < nearest)
        nearest[inside], number[inside] = distance[inside], index
    return nearest, number
