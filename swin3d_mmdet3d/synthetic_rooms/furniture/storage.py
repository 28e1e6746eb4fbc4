"""Bookcases with books, cabinets, wardrobes, dressers and night stands."""

from __future__ import annotations

import numpy as np

from ..model import Model, Support
from ..shape_families import ShapeGenerator
from ..shapes import box, cylinder
from ..textures import random_material

BODIES = ('wood', 'solid')


def bookcase(rng: ShapeGenerator, width: float | None = None) -> Model:
    """An open case of shelves filled with rows of books; its back is at -y, width in metres."""
    width = rng.size(0.8, 1.8) if width is None else width
    depth, height = rng.size(0.28, 0.4), rng.size(1.3, 2.2)
    levels = max(3, int(round(height / rng.size(0.33, 0.42))))
    body = random_material(rng, BODIES)
    model = Model('bookcase')
    sides = [box(0.03, depth, height).moved(s * (width - 0.03) / 2) for s in (-1, 1)]
    if width > 1.2:
        sides.append(box(0.03, depth, height))
    heights = np.linspace(0.06, height - 0.03, levels + 1)
    boards = [box(width - 0.04, depth - 0.01, 0.03).moved(z=z) for z in heights]
    back = box(width - 0.04, 0.015, height - 0.04).moved(0, 0.01 - depth / 2, 0.02)
    model.add(body, *sides, *boards, back)
    gap = heights[1] - heights[0] - 0.03
    for z in heights[:-1]:
        if rng.random() < 0.85:
            model.add(random_material(rng, ('spines',)), *_books(rng, width, depth, gap, z + 0.03))
    return model


def _books(rng: ShapeGenerator, width: float, depth: float, gap: float, z: float) -> list:
    """Rows of books on one shelf, with free stretches between them."""
    rows, x = [], -width / 2 + 0.05
    while x < width / 2 - 0.12:
        length = min(rng.size(0.06, 0.16), width / 2 - 0.05 - x)
        if rng.random() < 0.8:
            high, deep = gap * rng.size(0.6, 0.92), depth * rng.size(0.55, 0.85)
            row = box(length - 0.004, deep, high)
            rows.append(row.moved(x + length / 2, (deep - depth) / 2 + 0.03, z))
        x += length
    return rows or [box(0.2, depth * 0.6, gap * 0.4).moved(z=z)]


def _front(rng: ShapeGenerator, model: Model, size: tuple, columns: int, rows: int) -> Model:
    """A closed body with doors or drawers that stand out at the front, each with a handle."""
    width, depth, height = size
    body = random_material(rng, BODIES)
    door = body if rng.random() < 0.6 else random_material(rng, BODIES)
    metal = random_material(rng)
    model.add(body, box(width, depth - 0.03, height - 0.06).moved(0, -0.015, 0.06))
    model.add(body, box(width - 0.08, depth - 0.1, 0.06))
    cell_width, cell_height = (width - 0.02) / columns, (height - 0.1) / rows
    for column in range(columns):
        for row in range(rows):
            x = (column - (columns - 1) / 2) * cell_width
            z = 0.08 + row * cell_height
            leaf = box(cell_width - 0.015, 0.025, cell_height - 0.015)
            model.add(door, leaf.moved(x, depth / 2 - 0.02, z))
            knob = box(0.1, 0.03, 0.02) if rows > 1 else box(0.02, 0.03, 0.14)
            aside = 0 if rows > 1 else (0.4 if column % 2 == 0 else -0.4) * cell_width
            model.add(metal, knob.moved(x + aside, depth / 2 + 0.005, z + 0.6 * cell_height))
    model.supports.append(Support(0, 0, width, depth, height))
    return model


def cabinet(rng: ShapeGenerator) -> Model:
    """A cabinet with doors, from a low sideboard to a man-high cupboard."""
    low = rng.random() < 0.5
    height = rng.size(0.75, 1.0) if low else rng.size(1.6, 2.1)
    width, depth = rng.size(0.8, 1.6), rng.size(0.4, 0.6)
    return _front(rng, Model('cabinet'), (width, depth, height), 2 if width < 1.2 else 3, 1)


def dresser(rng: ShapeGenerator) -> Model:
    """A chest of drawers."""
    size = (rng.size(0.8, 1.4), rng.size(0.42, 0.52), rng.size(0.8, 1.1))
    return _front(rng, Model('dresser'), size, 2, int(rng.integers(3, 5)))


def night_stand(rng: ShapeGenerator) -> Model:
    """A small chest that stands beside a bed."""
    size = (rng.size(0.4, 0.52), rng.size(0.36, 0.45), rng.size(0.45, 0.6))
    return _front(rng, Model('night_stand'), size, 1, 2)


def filing_cabinet(rng: ShapeGenerator) -> Model:
    """A narrow cabinet of drawers, as in offices."""
    size = (rng.size(0.4, 0.5), rng.size(0.5, 0.65), rng.size(0.65, 1.35))
    return _front(rng, Model('cabinet'), size, 1, int(rng.integers(2, 5)))


def coat_stand(rng: ShapeGenerator) -> Model:
    """A pole with a foot and hooks."""
    high = rng.size(1.6, 1.85)
    model = Model('coat_stand').add(random_material(rng, BODIES), cylinder(0.025, high))
    hooks = [box(0.22, 0.03, 0.03).moved(0.11, 0, high - 0.15).turned(np.pi / 2 * k) for k in range(4)]
    feet = [box(0.28, 0.05, 0.04).moved(0.14).turned(np.pi / 2 * k) for k in range(4)]
    return model.add(random_material(rng), *hooks, *feet)
