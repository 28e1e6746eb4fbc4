"""Tables on legs, round tables, coffee tables and desks with drawers."""

from __future__ import annotations

import numpy as np

from ..model import Model, Support
from ..shape_families import ShapeGenerator
from ..shapes import box, cylinder
from ..textures import Material, random_material

TOPS = ('wood', 'solid')


def _legs(width: float, depth: float, height: float, leg: float) -> list:
    x, y = width / 2 - leg, depth / 2 - leg
    return [box(leg, leg, height).moved(sx * x, sy * y) for sx in (-1, 1) for sy in (-1, 1)]


def _slab(kind: str, top: Material, width: float, depth: float, height: float) -> Model:
    model = Model(kind).add(top, box(width, depth, 0.035).moved(z=height - 0.035))
    model.supports.append(Support(0, 0, width, depth, height))
    return model


def table(rng: ShapeGenerator, width: float | None = None, depth: float | None = None) -> Model:
    """A rectangular table on four legs; size in metres."""
    width = rng.size(1.2, 1.8) if width is None else width
    depth = rng.size(0.75, 0.95) if depth is None else depth
    height = rng.size(0.7, 0.78)
    top = random_material(rng, TOPS)
    base = random_material(rng, TOPS) if rng.random() < 0.5 else top
    model = _slab('table', top, width, depth, height)
    model.add(base, *_legs(width, depth, height - 0.03, rng.size(0.04, 0.08)))
    if rng.random() < 0.6:
        apron = [box(width - 0.1, 0.02, 0.08).moved(0, s * (depth / 2 - 0.07)) for s in (-1, 1)]
        model.add(base, *[bar.moved(z=height - 0.115) for bar in apron])
    return model


def round_table(rng: ShapeGenerator) -> Model:
    """A round table on one column with a foot."""
    radius, height = rng.size(0.42, 0.65), rng.size(0.7, 0.78)
    top, base = random_material(rng, TOPS), random_material(rng)
    model = Model('table').add(top, cylinder(radius, 0.035).moved(z=height - 0.035))
    model.add(base, cylinder(0.04, height - 0.03), cylinder(radius * 0.6, 0.03))
    side = radius * 1.3
    model.supports.append(Support(0, 0, side, side, height))
    return model


def coffee_table(rng: ShapeGenerator) -> Model:
    """A low table with a second shelf."""
    width, depth = rng.size(0.8, 1.3), rng.size(0.5, 0.7)
    height = rng.size(0.38, 0.5)
    top = random_material(rng, TOPS)
    model = _slab('table', top, width, depth, height)
    model.add(top, *_legs(width, depth, height - 0.03, 0.05))
    if rng.random() < 0.5:
        model.add(top, box(width - 0.12, depth - 0.12, 0.02).moved(z=0.12))
    return model


def conference_table(rng: ShapeGenerator, width: float, depth: float) -> Model:
    """A long table on two pedestals; size in metres."""
    height = rng.size(0.72, 0.77)
    top, base = random_material(rng, TOPS), random_material(rng, TOPS)
    model = _slab('table', top, width, depth, height)
    pedestal = box(0.12, depth * 0.55, height - 0.03)
    foot = box(0.35, depth * 0.65, 0.04)
    for side in (-1, 1):
        model.add(base, pedestal.moved(side * width * 0.32), foot.moved(side * width * 0.32))
    return model


def desk(rng: ShapeGenerator) -> Model:
    """A desk with a drawer block and a panel at its back (-y)."""
    width, depth = rng.size(1.2, 1.7), rng.size(0.65, 0.8)
    height = rng.size(0.71, 0.77)
    top = random_material(rng, TOPS)
    body = random_material(rng, TOPS) if rng.random() < 0.5 else top
    handle = random_material(rng)
    model = _slab('desk', top, width, depth, height)
    side = rng.choice([-1, 1])
    block, x = rng.size(0.38, 0.45), side * (width / 2 - 0.24)
    model.add(body, box(block, depth - 0.08, height - 0.08).moved(x, 0, 0.03))
    for z in np.linspace(0.12, height - 0.2, 3):
        model.add(body, box(block - 0.04, 0.02, 0.17).moved(x, depth / 2 - 0.03, z - 0.05))
        model.add(handle, box(0.12, 0.02, 0.02).moved(x, depth / 2 - 0.01, z + 0.02))
    model.add(body, box(0.04, depth - 0.06, height - 0.03).moved(-side * (width / 2 - 0.05)))
    model.add(body, box(width - 0.1, 0.02, 0.35).moved(0, -depth / 2 + 0.06, height - 0.4))
    return model
