"""Small things on tables and floors, and things that hang on walls."""

from __future__ import annotations

import numpy as np

from ..model import Model
from ..shape_families import ShapeGenerator
from ..shapes import ball, box, cylinder, frame, lathe, sheet
from ..textures import random_material


def monitor(rng: ShapeGenerator) -> Model:
    """A flat screen on a foot."""
    width = rng.size(0.45, 0.65)
    dark = random_material(rng)
    model = Model('monitor').add(dark, box(0.24, 0.18, 0.02), box(0.05, 0.03, 0.2).moved(0, -0.03))
    screen = box(width, 0.03, width * 0.58).moved(z=0.12)
    return model.add(random_material(rng, ('solid', 'print')), screen)


def books(rng: ShapeGenerator) -> Model:
    """A pile of books."""
    model, z = Model('books'), 0.0
    for _ in range(rng.integers(2, 6)):
        high = rng.size(0.02, 0.05)
        book = box(rng.size(0.18, 0.24), rng.size(0.24, 0.31), high)
        model.add(random_material(rng), book.turned(rng.normal(0, 0.15)).moved(z=z))
        z += high
    return model


def bottle(rng: ShapeGenerator) -> Model:
    """A bottle or vase."""
    radius, high = rng.size(0.04, 0.08), rng.size(0.2, 0.34)
    profile = [[0, 0], [radius, 0], [radius, 0.55], [radius * 0.4, 0.75], [radius * 0.4, 1], [0, 1]]
    return Model('bottle').add(random_material(rng), lathe(np.array(profile) * [1, high]))


def box_pile(rng: ShapeGenerator) -> Model:
    """One to three cardboard boxes upon each other."""
    model, z, size = Model('boxes'), 0.0, rng.size(0.3, 0.5, 2)
    for _ in range(rng.integers(1, 4)):
        high = rng.size(0.18, 0.35)
        turn = rng.normal(0, 0.1)
        model.add(random_material(rng), box(size[0], size[1], high).turned(turn).moved(z=z))
        z += high
        size = size * rng.size(0.75, 1.0)
    return model


def bag(rng: ShapeGenerator) -> Model:
    """A soft bag that stands on the floor."""
    width, high = rng.size(0.3, 0.45), rng.size(0.3, 0.45)
    model = Model('bag').add(random_material(rng, ('solid', 'carpet')), ball(width, 0.22, high))
    handle = [bar.moved(z=high - 0.04) for bar in frame(0.16, 0.1, 0.02, 0.02)]
    return model.add(random_material(rng), *handle)


def garbage_bin(rng: ShapeGenerator) -> Model:
    """An open bin, wider at its top."""
    radius, high = rng.size(0.12, 0.18), rng.size(0.3, 0.5)
    outer, wall = radius * rng.size(1.15, 1.35), 0.012
    profile = [[0, 0], [radius, 0], [outer, high], [outer - wall, high], [radius - wall, 0.015], [0, 0.015]]
    return Model('garbage_bin').add(random_material(rng), lathe(np.array(profile)))


def plant(rng: ShapeGenerator) -> Model:
    """A potted plant of a dozen leaves."""
    radius, high = rng.size(0.13, 0.2), rng.size(0.25, 0.35)
    model = Model('plant').add(random_material(rng), cylinder(radius * 0.8, high, radius))
    leaves = []
    for turn in rng.uniform(0, 2 * np.pi, 14):
        length = rng.size(0.3, 0.6)
        leaf = ball(0.09, 0.02, length).turned(rng.size(0.1, 0.8), 'x').turned(turn)
        leaves.append(leaf.moved(z=high * 0.9))
    return model.add(random_material(rng), *leaves)


def floor_lamp(rng: ShapeGenerator) -> Model:
    """A lamp shade on a pole."""
    return _lamp(rng, rng.size(1.35, 1.7), rng.size(0.17, 0.24))


def table_lamp(rng: ShapeGenerator) -> Model:
    """A small lamp with a shade."""
    return _lamp(rng, rng.size(0.4, 0.55), rng.size(0.12, 0.17))


def _lamp(rng: ShapeGenerator, high: float, radius: float) -> Model:
    shade = 1.3 * radius
    model = Model('lamp').add(
        random_material(rng), cylinder(radius * 0.8, 0.03), cylinder(0.015, high - 0.05)
    )
    cone = [[radius, 0], [radius * 0.65, shade], [radius * 0.63, shade], [radius * 0.98, 0], [radius, 0]]
    return model.add(random_material(rng, glow=0.5), lathe(np.array(cone)).moved(z=high - shade))


def ceiling_light(rng: ShapeGenerator) -> Model:
    """A luminaire that hangs below the ceiling; its top is at z = 0."""
    glow = random_material(rng, glow=0.7)
    if rng.random() < 0.6:
        width, drop = rng.size(1.0, 1.4), rng.size(0.08, 0.2)
        body = box(width, 0.22, 0.07).moved(z=-drop - 0.07)
        rods = [box(0.015, 0.015, drop).moved(s * width * 0.4, 0, -drop) for s in (-1, 1)]
        return Model('ceiling_light').add(glow, body).add(random_material(rng), *rods)
    drop = rng.size(0.25, 0.5)
    model = Model('ceiling_light').add(glow, ball(0.35, 0.35, 0.3).moved(z=-drop - 0.3))
    return model.add(random_material(rng), cylinder(0.012, drop).moved(z=-drop))


def picture(rng: ShapeGenerator) -> Model:
    """A framed picture at a wall; its back is the plane y = 0."""
    width, high = rng.size(0.4, 0.9), rng.size(0.4, 0.8)
    border = rng.size(0.03, 0.06)
    bars = [bar.moved(y=0.02) for bar in frame(width, high, border, 0.04)]
    canvas = box(width - border, 0.015, high - border).moved(0, 0.01, border / 2)
    return Model('picture').add(random_material(rng), *bars).add(random_material(rng, ('print',)), canvas)


def mirror(rng: ShapeGenerator) -> Model:
    """A mirror with a thin rounded rim; its back is the plane y = 0."""
    width, high = rng.size(0.45, 0.7), rng.size(0.9, 1.4)
    bars = [bar.moved(y=0.012) for bar in frame(width, high, 0.02, 0.024)]
    glass = box(width - 0.03, 0.006, high - 0.03).moved(0, 0.02, 0.015)
    model = Model('mirror').add(random_material(rng), *bars)
    return model.add(random_material(rng, opacity=0.5), glass)


def television(rng: ShapeGenerator) -> Model:
    """A large screen on a wall bracket; its back is the plane y = 0."""
    width = rng.size(0.9, 1.4)
    dark = random_material(rng)
    bracket = box(0.3, 0.06, 0.25).moved(0, 0.03, width * 0.16)
    screen = box(width, 0.05, width * 0.57).moved(0, 0.085)
    return Model('television').add(dark, bracket, screen)


def curtain(rng: ShapeGenerator, height: float, kind: str = 'curtain') -> Model:
    """A folded curtain on a rod, `height` metres high; the wall is the plane y = 0."""
    width, folds = rng.size(0.5, 0.9), int(rng.integers(4, 8))
    cloth = sheet(width, height - 0.06, rng.size(0.03, 0.05), folds).moved(0, 0.1, 0.02)
    rod = cylinder(0.015, width + 0.2).turned(np.pi / 2, 'y').moved(-width / 2 - 0.1, 0.1, height)
    cover = random_material(rng, ('solid', 'stripes', 'checks'))
    return Model(kind).add(cover, cloth).add(random_material(rng), rod)


TABLE_CLUTTER = (monitor, books, bottle, table_lamp)
FLOOR_CLUTTER = (box_pile, bag, garbage_bin, plant)
