"""Parts of the building: walls with openings, doors, windows, boards, columns, beams."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..model import Model
from ..shape_families import ShapeGenerator
from ..shapes import Shape, box, cylinder, frame
from ..textures import Material, random_material

WALL_THICKNESS = 0.15


@dataclass(frozen=True)
class Opening:
    """A hole in a wall: place of its centre along the wall, and its edges, in metres."""

    along: float
    width: float
    bottom: float
    top: float


def wall(length: float, height: float, openings: list[Opening], paint: Material) -> Model:
    """A wall whose inner face is the plane y = 0 and whose body lies at y < 0."""
    pieces: list[Shape] = []
    cursor = -length / 2
    for hole in sorted(openings, key=lambda hole: hole.along):
        left, right = hole.along - hole.width / 2, hole.along + hole.width / 2
        pieces.append(_slab(cursor, left, 0.0, height))
        if hole.bottom > 0:
            pieces.append(_slab(left, right, 0.0, hole.bottom))
        pieces.append(_slab(left, right, hole.top, height))
        cursor = right
    pieces.append(_slab(cursor, length / 2, 0.0, height))
    return Model('wall').add(paint, *pieces)


def _slab(left: float, right: float, bottom: float, top: float) -> Shape:
    slab = box(right - left, WALL_THICKNESS, top - bottom)
    return slab.moved((left + right) / 2, -WALL_THICKNESS / 2, bottom)


def door(rng: ShapeGenerator, width: float, height: float) -> Model:
    """A door in its frame, recessed into the wall y = 0, with panels and a handle."""
    trim, leaf, metal = (random_material(rng, ('wood', 'solid')) for _ in range(3))
    border = rng.size(0.07, 0.1)
    bars = frame(width + 2 * border, height + border, border, 0.2)[:2]
    bars.append(box(width, 0.2, border).moved(z=height))
    recess = rng.size(0.04, 0.08)
    model = Model('door').add(trim, *[bar.moved(y=-0.07) for bar in bars])
    model.add(leaf, box(width, 0.04, height).moved(y=-recess - 0.02))
    bottoms = np.linspace(0.12, height - 0.12, int(rng.integers(2, 4)))
    for low, high in zip(bottoms[:-1], bottoms[1:]):
        panel = [
            bar.moved(0, -recess + 0.005, low) for bar in frame(width - 0.2, high - low - 0.1, 0.05, 0.02)
        ]
        model.add(leaf, *panel)
    side = rng.choice([-1, 1]) * (width / 2 - 0.08)
    handle = [box(0.02, 0.08, 0.02).moved(side, -recess + 0.04, 1.0)]
    handle.append(box(0.14, 0.02, 0.025).moved(side * 0.86, -recess + 0.08, 1.0))
    return model.add(metal, *handle)


def window(rng: ShapeGenerator, width: float, height: float) -> Model:
    """A window in a deep recess: frame, mullions, sill and glass; its bottom is at z = 0."""
    trim = random_material(rng, ('wood', 'solid'))
    border = rng.size(0.05, 0.08)
    bars = [bar.moved(y=-0.09) for bar in frame(width, height, border, 0.08)]
    for place in np.linspace(-width / 2, width / 2, max(2, int(round(width / 0.6))) + 1)[1:-1]:
        bars.append(box(border * 0.8, 0.06, height - 0.02).moved(place, -0.09, 0.01))
    if rng.random() < 0.6:
        bars.append(box(width - 0.02, 0.06, border * 0.8).moved(0, -0.09, height * rng.size(0.3, 0.7)))
    casing = frame(width + 0.14, height + 0.14, 0.07, 0.03)
    model = Model('window').add(trim, *bars, *[bar.moved(0, 0.015, -0.07) for bar in casing])
    model.add(trim, box(width + 0.2, 0.22, 0.03).moved(0, 0.04, -0.03))
    glass = random_material(rng, ('solid', 'print'), opacity=0.45, glow=rng.uniform(0.1, 0.8))
    return model.add(glass, box(width - 0.02, 0.012, height - 0.02).moved(0, -0.1, 0.01))


def board(rng: ShapeGenerator) -> Model:
    """A writing board with a frame that stands out and a tray; its back is the plane y = 0."""
    width, height = rng.size(1.4, 2.6), rng.size(1.0, 1.25)
    rim, face = random_material(rng), random_material(rng)
    bars = [bar.moved(y=0.025) for bar in frame(width, height, 0.045, 0.05)]
    model = Model('board').add(rim, *bars, box(width * 0.85, 0.11, 0.025).moved(0, 0.06, -0.01))
    model.add(face, box(width - 0.06, 0.03, height - 0.06).moved(0, 0.015, 0.03))
    pens = [box(0.12, 0.025, 0.025).moved(x, 0.08, 0.015) for x in rng.uniform(-0.3, 0.3, 3) * width]
    return model.add(random_material(rng), *pens)


def column(rng: ShapeGenerator, height: float) -> Model:
    """A prism or round pillar from floor to ceiling."""
    size, paint = rng.size(0.3, 0.5), random_material(rng, ('solid', 'solid', 'tiles'))
    if rng.random() < 0.35:
        return Model('column').add(paint, cylinder(size / 2, height))
    return Model('column').add(paint, box(size, size * rng.size(0.8, 1.25), height))


def beam(rng: ShapeGenerator, length: float) -> Model:
    """A horizontal prism; its top is at z = 0."""
    depth = rng.size(0.25, 0.45)
    paint = random_material(rng, ('solid', 'wood'))
    return Model('beam').add(paint, box(length, rng.size(0.2, 0.38), depth).moved(z=-depth))
