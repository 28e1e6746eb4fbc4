"""Beds and the pillows that lie on them."""

from __future__ import annotations

from ..model import Model, Support
from ..shape_families import ShapeGenerator
from ..shapes import box, cushion
from ..textures import random_material
from .seating import FABRICS


def bed(rng: ShapeGenerator) -> Model:
    """A bed with a headboard at -y, a mattress and a blanket."""
    width, length = rng.choice([0.95, 1.4, 1.7]) * rng.size(0.95, 1.08), rng.size(1.95, 2.1)
    base, top = rng.size(0.22, 0.32), rng.size(0.45, 0.58)
    frame = random_material(rng, ('wood', 'solid'))
    model = Model('bed').add(frame, box(width, length, base).moved(z=0.06))
    feet = [
        box(0.07, 0.07, 0.08).moved(sx * (width / 2 - 0.06), sy * (length / 2 - 0.06))
        for sx in (-1, 1)
        for sy in (-1, 1)
    ]
    model.add(frame, *feet)
    model.add(frame, box(width + 0.06, 0.06, rng.size(0.85, 1.2)).moved(0, -length / 2 - 0.02))
    mattress = cushion(width - 0.02, length - 0.06, top - base, rng.soft(0.12)).moved(0, 0, base)
    model.add(random_material(rng, FABRICS), mattress)
    blanket = cushion(width + 0.03, length * 0.62, top - base + 0.03, rng.soft(0.15))
    model.add(random_material(rng, FABRICS), blanket.moved(0, length * 0.18, base))
    pillow_depth = 0.45
    model.supports.append(Support(0, -length / 2 + 0.1 + pillow_depth / 2, width, pillow_depth, top - 0.01))
    return model


def pillow(rng: ShapeGenerator) -> Model:
    """A pillow lying flat."""
    size = (rng.size(0.5, 0.65), rng.size(0.34, 0.42), rng.size(0.1, 0.16))
    return Model('pillow').add(random_material(rng, FABRICS), cushion(*size, rng.soft(0.55)))
