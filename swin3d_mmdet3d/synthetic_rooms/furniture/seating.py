"""Chairs, office chairs, armchairs, sofas and ottomans."""

from __future__ import annotations

import numpy as np

from ..model import Model
from ..shape_families import ShapeGenerator
from ..shapes import box, cushion, cylinder
from ..textures import random_material

FABRICS = ('solid', 'carpet', 'stripes', 'checks')


def chair(rng: ShapeGenerator) -> Model:
    """A chair in one of three styles, as common as the family has them; its back is at -y."""
    return rng.choice([_four_legged_chair, _office_chair, _shell_chair], p=rng.family.chairs)(rng)


def _four_legged_chair(rng: ShapeGenerator) -> Model:
    width, depth = rng.size(0.42, 0.52), rng.size(0.42, 0.5)
    seat, top = rng.size(0.42, 0.48), rng.size(0.8, 1.0)
    wood = random_material(rng, ('wood', 'solid'))
    cover = random_material(rng, FABRICS) if rng.random() < 0.6 else wood
    leg = rng.size(0.03, 0.045)
    x, y = (width - leg) / 2, (depth - leg) / 2
    legs = [box(leg, leg, seat).moved(sx * x, sy * y) for sx in (-1, 1) for sy in (-1, 1)]
    posts = [box(leg, leg, top - seat).moved(sx * x, -y, seat) for sx in (-1, 1)]
    model = Model('chair').add(wood, *legs, *posts)
    model.add(cover, box(width, depth, 0.05).moved(z=seat))
    if rng.random() < 0.5:
        model.add(cover, box(width - leg, 0.04, top - seat - 0.12).moved(0, -y, seat + 0.12))
    else:
        bars = [box(width, 0.03, 0.07).moved(0, -y, z) for z in np.linspace(seat + 0.15, top - 0.07, 3)]
        model.add(wood, *bars)
    if rng.random() < 0.4:
        for side in (-x, x):
            model.add(wood, box(leg, depth, 0.03).moved(side, 0, seat + 0.22))
            model.add(wood, box(leg, leg, 0.22).moved(side, y, seat))
    return model


def _office_chair(rng: ShapeGenerator) -> Model:
    seat, width = rng.size(0.44, 0.52), rng.size(0.46, 0.54)
    dark, cover = random_material(rng), random_material(rng, FABRICS)
    reach = rng.size(0.26, 0.32)
    spokes = [box(reach, 0.05, 0.04).moved(reach / 2, 0, 0.06).turned(2 * np.pi * k / 5) for k in range(5)]
    casters = [cylinder(0.03, 0.06).moved(reach).turned(2 * np.pi * k / 5) for k in range(5)]
    model = Model('chair').add(dark, *spokes, *casters, cylinder(0.03, seat - 0.08).moved(z=0.08))
    model.add(cover, cushion(width, width, 0.09, rng.soft(0.3)).moved(z=seat))
    high = rng.size(0.45, 0.65)
    back = cushion(width * 0.95, 0.09, high, rng.soft(0.3)).turned(rng.size(0.05, 0.15), 'x')
    model.add(cover, back.moved(0, -width / 2 + 0.02, seat + 0.12))
    model.add(dark, box(0.08, 0.03, 0.25).moved(0, -width / 2, seat - 0.02))
    if rng.random() < 0.7:
        for side in (-1, 1):
            x = side * (width / 2 + 0.02)
            model.add(dark, box(0.06, 0.28, 0.03).moved(x, 0, seat + 0.24))
            model.add(dark, box(0.03, 0.05, 0.24).moved(x, 0, seat + 0.02))
    return model


def _shell_chair(rng: ShapeGenerator) -> Model:
    seat, width = rng.size(0.42, 0.46), rng.size(0.44, 0.52)
    shell, metal = random_material(rng), random_material(rng)
    model = Model('chair').add(shell, box(width, width * 0.9, 0.03).moved(z=seat))
    back = box(width, 0.03, 0.38).turned(rng.size(0.08, 0.2), 'x')
    model.add(shell, back.moved(0, -width * 0.43, seat + 0.02))
    runner = width / 2 - 0.03
    tubes = []
    for side in (-runner, runner):
        tubes.append(box(0.025, width * 0.9, 0.025).moved(side))
        tubes += [box(0.025, 0.025, seat).moved(side, y * width * 0.4) for y in (-1, 1)]
    return model.add(metal, *tubes)


def sofa(rng: ShapeGenerator, seats: int | None = None) -> Model:
    """An upholstered sofa or armchair of 1 to 4 seats, at times L-shaped; its back is at -y."""
    seats = int(rng.integers(2, 5)) if seats is None else seats
    pitch, depth = rng.size(0.58, 0.72), rng.size(0.8, 0.95)
    arm, back = rng.size(0.14, 0.24), rng.size(0.18, 0.26)
    seat, top, arm_top = rng.size(0.38, 0.45), rng.size(0.72, 0.9), rng.size(0.52, 0.65)
    cover = random_material(rng, FABRICS)
    width = seats * pitch + 2 * arm
    model = Model('sofa').add(cover, box(width, depth, seat - 0.14).moved(z=0.06))
    model.add(cover, box(width, back, top - 0.08).moved(0, -(depth - back) / 2, 0.08))
    arms = [
        cushion(arm, depth, arm_top - 0.05, rng.soft(0.2)).moved(s * (width - arm) / 2, 0, 0.05)
        for s in (-1, 1)
    ]
    model.add(cover, *arms)
    for place in (np.arange(seats) - (seats - 1) / 2) * pitch:
        model.add(
            cover, cushion(pitch, depth - back, 0.17, rng.soft(0.25)).moved(place, back / 2, seat - 0.1)
        )
        rest = cushion(pitch, 0.18, top - seat + 0.05, rng.soft(0.3))
        model.add(cover, rest.moved(place, back - depth / 2 + 0.05, seat))
    feet = [
        cylinder(0.03, 0.07).moved(sx * (width / 2 - 0.1), sy * (depth / 2 - 0.1))
        for sx in (-1, 1)
        for sy in (-1, 1)
    ]
    model.add(random_material(rng), *feet)
    if seats >= 3 and rng.random() < 0.4:
        side = rng.choice([-1, 1]) * (width / 2 - arm - pitch / 2)
        chaise = [box(pitch, 0.6, seat - 0.14).moved(side, depth / 2 + 0.3, 0.06)]
        chaise.append(cushion(pitch, 0.75, 0.17, rng.soft(0.2)).moved(side, depth / 2 + 0.25, seat - 0.1))
        model.add(cover, *chaise)
    return model


def armchair(rng: ShapeGenerator) -> Model:
    """A sofa for one."""
    return sofa(rng, seats=1)


def ottoman(rng: ShapeGenerator) -> Model:
    """A padded stool without a back."""
    size, height = rng.size(0.4, 0.6), rng.size(0.38, 0.46)
    return Model('ottoman').add(random_material(rng, FABRICS), cushion(size, size, height, rng.soft(0.3)))
