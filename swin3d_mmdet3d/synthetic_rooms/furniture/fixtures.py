"""Kitchen and bathroom fixtures: counters, sinks, toilets, bathtubs, refrigerators."""

from __future__ import annotations

import numpy as np

from ..model import Model, Support
from ..shape_families import ShapeGenerator
from ..shapes import box, cushion, cylinder, frame, lathe
from ..textures import random_material


def counter(rng: ShapeGenerator) -> Model:
    """A worktop that overhangs a plinth and meets a splash-back at the wall (-y)."""
    width, depth = rng.size(1.5, 2.6), rng.size(0.58, 0.66)
    height = rng.size(0.86, 0.94)
    top, body = random_material(rng, ('solid', 'carpet')), random_material(rng, ('wood', 'solid'))
    model = Model('counter').add(top, box(width, depth, 0.05).moved(z=height - 0.05))
    model.add(top, box(width, 0.02, 0.12).moved(0, 0.01 - depth / 2, height))
    model.add(body, box(width - 0.04, depth - 0.16, height - 0.05).moved(0, -0.06))
    model.supports.append(Support(0, 0, width, depth, height))
    return model


def sink(rng: ShapeGenerator) -> Model:
    """A basin with a rim and a tap, to be set on a counter."""
    width, depth = rng.size(0.45, 0.6), rng.size(0.36, 0.44)
    white = random_material(rng)
    rim = [bar.turned(-np.pi / 2, 'x').moved(0, -depth / 2, 0.05) for bar in frame(width, depth, 0.05, 0.1)]
    model = Model('sink').add(white, *rim, box(width - 0.08, depth - 0.08, 0.012))
    tap = [cylinder(0.02, 0.28), box(0.03, 0.18, 0.03).moved(0, 0.08, 0.26)]
    return model.add(random_material(rng), *[shape.moved(0, -depth / 2 + 0.02) for shape in tap])


def toilet(rng: ShapeGenerator) -> Model:
    """A toilet with bowl, seat, lid and cistern; the cistern is at -y."""
    white = random_material(rng)
    high = rng.size(0.38, 0.43)
    bowl = [[0.12, 0], [0.11, 0.15], [0.2, high], [0.13, high], [0.1, high - 0.15], [0, high - 0.15]]
    model = Model('toilet').add(white, lathe(np.array(bowl)).moved(y=0.12))
    model.add(white, box(0.2, 0.3, high - 0.05).moved(0, -0.12))
    model.add(white, cushion(0.4, 0.18, 0.4, rng.soft(0.2)).moved(0, -0.25, high - 0.03))
    lid = cushion(0.36, 0.03, 0.42, rng.soft(0.6)).turned(0.15, 'x').moved(0, -0.12, high + 0.01)
    return model.add(random_material(rng), lid)


def bathtub(rng: ShapeGenerator) -> Model:
    """A tub: four walls with a rounded rim around a sunken floor."""
    width, depth = rng.size(1.5, 1.75), rng.size(0.7, 0.8)
    height, wall = rng.size(0.5, 0.6), 0.08
    white = random_material(rng)
    long_side, short_side = box(width, wall, height), box(wall, depth - 2 * wall, height)
    y, x = (depth - wall) / 2, (width - wall) / 2
    model = Model('bathtub').add(
        white, long_side.moved(0, y), long_side.moved(0, -y), short_side.moved(x), short_side.moved(-x)
    )
    model.add(white, box(width - wall, depth - wall, 0.12))
    tap = [box(0.04, 0.14, 0.04).moved(x - 0.05, 0, height + 0.08), box(0.04, 0.04, 0.1).moved(x, 0, height)]
    return model.add(random_material(rng), *tap)


def refrigerator(rng: ShapeGenerator) -> Model:
    """A refrigerator with two doors above each other and long handles."""
    width, depth = rng.size(0.6, 0.85), rng.size(0.62, 0.72)
    height, split = rng.size(1.65, 1.85), rng.size(0.55, 0.7)
    body, metal = random_material(rng), random_material(rng)
    model = Model('refrigerator').add(body, box(width, depth - 0.06, height).moved(0, -0.03))
    for low, high in ((0.05, split), (split + 0.02, height - 0.01)):
        door = cushion(width - 0.01, 0.07, high - low, rng.soft(0.08))
        model.add(body, door.moved(0, depth / 2 - 0.04, low))
    for z, length in ((split - 0.35, 0.3), (split + 0.08, 0.6)):
        model.add(metal, box(0.03, 0.05, length).moved(0.4 * width, depth / 2 + 0.02, z))
    return model
