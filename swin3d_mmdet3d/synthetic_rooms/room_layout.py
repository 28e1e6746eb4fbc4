"""The plan of a room: its outline, its walls, and placement without overlap."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .furniture import structure
from .furniture.structure import WALL_THICKNESS, Opening
from .model import Model
from .scene import Placed, Scene
from .shape_families import ShapeGenerator
from .shapes import box, rotation
from .textures import random_material, wall_paint

TRIES = 40
DOOR_CLEARANCE = 0.8  # free depth before a door, metres


@dataclass
class Side:
    """One straight wall: start, direction and inward normal in the plan; what hangs on it.

    `slots` holds (start, end, bottom, top) of what the wall carries, metres along and up.
    """

    start: np.ndarray
    end: np.ndarray
    openings: list[Opening] = field(default_factory=list)
    slots: list[tuple[float, float, float, float]] = field(default_factory=list)

    @property
    def length(self) -> float:
        """Length in metres."""
        return float(np.linalg.norm(self.end - self.start))

    @property
    def yaw(self) -> float:
        """Turn that carries x onto the wall's direction, so that y points into the room."""
        direction = self.end - self.start
        return float(np.arctan2(direction[1], direction[0]))

    def at(self, along: float, inward: float) -> np.ndarray:
        """(2,) place on the plan, `along` from the wall's middle and `inward` from its face."""
        return (self.start + self.end) / 2 + rotation(self.yaw)[:2, :2] @ [along, inward]

    def is_free(self, slot: tuple[float, float, float, float]) -> bool:
        """Whether nothing that the wall carries overlaps the slot."""
        left, right, bottom, top = slot
        return not any(
            left < end and start < right and bottom < high and low < top
            for start, end, low, high in self.slots
        )


def footprint(model: Model, position: np.ndarray, yaw: float) -> np.ndarray:
    """(4,) axis-aligned rectangle (x0, y0, x1, y1) on the plan that holds a placed model."""
    (x0, y0, _), (x1, y1, _) = model.bounds()
    corners = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]]) @ rotation(yaw)[:2, :2].T
    corners = corners + np.asarray(position)[:2]
    return np.concatenate([corners.min(axis=0), corners.max(axis=0)])


def overlaps(one: np.ndarray, other: np.ndarray, margin: float = 0.0) -> bool:
    """Whether two rectangles (x0, y0, x1, y1) come closer than `margin` metres."""
    return bool(
        one[0] < other[2] + margin
        and other[0] < one[2] + margin
        and one[1] < other[3] + margin
        and other[1] < one[3] + margin
    )


class RoomLayout:
    """A room under construction.

    Args:
        rng: Source of all choices.
        size: Width, depth and height in metres.
        notch: Width and depth of the missing corner of an L-shaped room, or None.
    """

    def __init__(
        self,
        rng: ShapeGenerator,
        size: tuple[float, float, float],
        notch: tuple[float, float] | None = None,
    ) -> None:
        self.rng = rng
        self.scene = Scene(np.asarray(size, dtype=np.float64))
        self.occupied: list[np.ndarray] = []
        self.overhead: list[np.ndarray] = []
        self.doorways: list[np.ndarray] = []
        self.sides = self._outline(notch)

    def _outline(self, notch: tuple[float, float] | None) -> list[Side]:
        width, depth = self.scene.size[:2]
        self.notch = None
        if notch is None:
            corners = np.array([[0, 0], [width, 0], [width, depth], [0, depth]])
        else:
            x, y = width - notch[0], depth - notch[1]
            corners = np.array([[0, 0], [width, 0], [width, y], [x, y], [x, depth], [0, depth]])
            rectangle = np.array([[x, y], [width, depth]])
            if self.rng.random() < 0.5:
                corners = (corners * [-1, 1] + [width, 0])[::-1]
                rectangle = rectangle * [-1, 1] + [width, 0]
            rectangle = np.concatenate([rectangle.min(axis=0), rectangle.max(axis=0)])
            self.notch = rectangle
            self.occupied.append(rectangle)
            self.overhead.append(rectangle)
        return [Side(a, b) for a, b in zip(corners, np.roll(corners, -1, axis=0))]

    def build_shell(self) -> None:
        """Floor, ceiling and the walls with the openings cut so far."""
        width, depth, height = self.scene.size
        rng = self.rng
        border = WALL_THICKNESS
        slab = box(width + 2 * border, depth + 2 * border, 0.1)
        ground = random_material(rng, ('tiles', 'planks', 'carpet', 'solid', 'checks'))
        above = wall_paint(rng, ('solid', 'tiles', 'planks'))
        middle = (width / 2, depth / 2)
        self.scene.add(Model('floor').add(ground, slab), (*middle, -0.1))
        self.scene.add(Model('ceiling').add(above, slab), (*middle, height))
        paint = wall_paint(rng)
        for side in self.sides:
            other = wall_paint(rng) if rng.random() < 0.2 else paint
            model = structure.wall(side.length, height, side.openings, other)
            self.scene.add(model, (*side.at(0, 0), 0), side.yaw)

    def fits(self, rectangle: np.ndarray, margin: float = 0.04, wall_margin: float = 0.0) -> bool:
        """Whether a rectangle lies in the room and away from all that stands there."""
        width, depth = self.scene.size[:2]
        room = np.array([wall_margin, wall_margin, width - wall_margin, depth - wall_margin])
        inside = (rectangle[:2] > room[:2]).all() and (rectangle[2:] < room[2:]).all()
        return bool(inside) and not any(overlaps(rectangle, it, margin) for it in self.occupied)

    def random_side(self, least: float) -> Side | None:
        """A wall of at least the given length, longer ones more often."""
        sides = [side for side in self.sides if side.length >= least]
        if not sides:
            return None
        weight = np.array([side.length for side in sides])
        return sides[self.rng.choice(len(sides), p=weight / weight.sum())]

    def open_wall(self, width: float, bottom: float, top: float, clearance: float) -> tuple | None:
        """Cut an opening into a wall; return (side, opening) or None where none fits."""
        for _ in range(TRIES):
            side = self.random_side(width + 0.5)
            if side is None:
                return None
            reach = side.length / 2 - width / 2 - 0.2
            along = self.rng.uniform(-reach, reach)
            slot = (along - width / 2 - 0.15, along + width / 2 + 0.15, bottom - 0.1, top + 0.1)
            if not side.is_free(slot):
                continue
            if clearance:
                corners = np.stack([side.at(along - width / 2, 0.01), side.at(along + width / 2, clearance)])
                zone = np.concatenate([corners.min(axis=0), corners.max(axis=0)])
                if not self.fits(zone, 0):
                    continue
                self.occupied.append(zone)
                self.doorways.append(zone)
            opening = Opening(along, width, bottom, top)
            side.openings.append(opening)
            side.slots.append(slot)
            return side, opening
        return None

    def stand_at_wall(self, model: Model, gap: float = 0.02) -> Placed | None:
        """Stand a model with its back to a wall, where neither floor nor wall is taken."""
        (x0, y0, z0), (x1, _, z1) = model.bounds()
        for _ in range(TRIES):
            side = self.random_side(x1 - x0 + 0.1)
            if side is None:
                return None
            reach = side.length / 2 - 0.05
            along = self.rng.uniform(-reach - x0, reach - x1)
            position = side.at(along, gap - y0)
            area = footprint(model, position, side.yaw)
            slot = (along + x0, along + x1, z0, z1)
            if side.is_free(slot) and self.fits(area):
                self.occupied.append(area)
                side.slots.append(slot)
                return self.scene.add(model, (*position, 0), side.yaw)
        return None

    def hang(self, model: Model, height: float) -> Placed | None:
        """Hang a model (back at y = 0) on a wall with its lower edge at `height` metres."""
        (x0, _, z0), (x1, _, z1) = model.bounds()
        for _ in range(TRIES):
            side = self.random_side(x1 - x0 + 0.3)
            if side is None:
                return None
            reach = side.length / 2 - 0.1
            along = self.rng.uniform(-reach - x0, reach - x1)
            slot = (along + x0 - 0.05, along + x1 + 0.05, height + z0, height + z1)
            if height + z1 < self.scene.size[2] - 0.05 and side.is_free(slot):
                side.slots.append(slot)
                return self.scene.add(model, (*side.at(along, 0.002), height), side.yaw)
        return None

    def stand_free(self, model: Model, margin: float = 0.1, yaw: float | None = None) -> Placed | None:
        """Stand a model anywhere on the free floor, at a right angle unless `yaw` is given."""
        for _ in range(TRIES):
            turn = float(self.rng.integers(4)) * np.pi / 2 if yaw is None else yaw
            position = self.rng.uniform([0.2, 0.2], self.scene.size[:2] - 0.2)
            placed = self.stand_at(model, position, turn, margin)
            if placed is not None:
                return placed
        return None

    def stand_at(self, model: Model, position: np.ndarray, yaw: float, margin: float = 0.0) -> Placed | None:
        """Stand a model at a given place if that is free."""
        area = footprint(model, position, yaw)
        if not self.fits(area, margin, max(margin, 0.0)):
            return None
        self.occupied.append(area)
        return self.scene.add(model, (*np.asarray(position)[:2], 0), yaw)

    def set_on(self, below: Placed, model: Model) -> Placed | None:
        """Set a small thing on a free place of another's top; None where there is none."""
        if not below.model.supports:
            return None
        support = below.model.supports[self.rng.integers(len(below.model.supports))]
        (x0, y0, _), (x1, y1, _) = model.bounds()
        half = np.array([support.width - (x1 - x0), support.depth - (y1 - y0)]) / 2 - 0.01
        if (half <= 0).any():
            return None
        for _ in range(12):
            local = self.rng.uniform(-half, half) + [support.x, support.y] - [(x0 + x1) / 2, (y0 + y1) / 2]
            position = below.position + rotation(below.yaw) @ [*local, support.z]
            area = footprint(model, position, below.yaw)
            standing = [
                footprint(it.model, it.position, it.yaw)
                for it in self.scene.instances
                if abs(it.position[2] - position[2]) < 0.02 and it is not below
            ]
            if not any(overlaps(area, it, 0.01) for it in standing):
                return self.scene.add(model, position, below.yaw, below)
        return None

    def finish(self) -> Scene:
        """Note where a scanner can stand, and return the scene."""
        width, depth = self.scene.size[:2]
        grid = np.stack(
            np.meshgrid(np.arange(0.4, width - 0.3, 0.25), np.arange(0.4, depth - 0.3, 0.25)), axis=-1
        ).reshape(-1, 2)
        kept_clear = {id(zone) for zone in self.doorways}
        standing = [it for it in self.occupied if id(it) not in kept_clear]
        free = [not any(overlaps(np.array([x, y, x, y]), it, 0.15) for it in standing) for x, y in grid]
        self.scene.free_spots = grid[np.array(free, dtype=bool)]
        return self.scene
