"""The kinds of objects: every program of furniture of the generated rooms."""

from __future__ import annotations

from collections.abc import Callable

from ..synthetic_rooms.furniture import beds, clutter, fixtures, seating, storage, structure, tables
from ..synthetic_rooms.model import Model
from ..synthetic_rooms.shape_families import ShapeGenerator


def _conference_table(rng: ShapeGenerator) -> Model:
    return tables.conference_table(rng, rng.size(2.0, 3.6), rng.size(1.0, 1.4))


def _curtain(rng: ShapeGenerator) -> Model:
    return clutter.curtain(rng, rng.size(1.4, 2.6))


def _door(rng: ShapeGenerator) -> Model:
    return structure.door(rng, rng.size(0.8, 1.0), rng.size(1.95, 2.15))


def _window(rng: ShapeGenerator) -> Model:
    return structure.window(rng, rng.size(0.8, 2.0), rng.size(0.9, 1.5))


def _column(rng: ShapeGenerator) -> Model:
    return structure.column(rng, rng.size(2.4, 3.2))


def _beam(rng: ShapeGenerator) -> Model:
    return structure.beam(rng, rng.size(2.5, 5.0))


OBJECT_KINDS: dict[str, Callable[[ShapeGenerator], Model]] = {
    'armchair': seating.armchair,
    'bag': clutter.bag,
    'bathtub': fixtures.bathtub,
    'beam': _beam,
    'bed': beds.bed,
    'board': structure.board,
    'bookcase': storage.bookcase,
    'books': clutter.books,
    'bottle': clutter.bottle,
    'box_pile': clutter.box_pile,
    'cabinet': storage.cabinet,
    'ceiling_light': clutter.ceiling_light,
    'chair': seating.chair,
    'coat_stand': storage.coat_stand,
    'coffee_table': tables.coffee_table,
    'column': _column,
    'conference_table': _conference_table,
    'counter': fixtures.counter,
    'curtain': _curtain,
    'desk': tables.desk,
    'door': _door,
    'dresser': storage.dresser,
    'filing_cabinet': storage.filing_cabinet,
    'floor_lamp': clutter.floor_lamp,
    'garbage_bin': clutter.garbage_bin,
    'mirror': clutter.mirror,
    'monitor': clutter.monitor,
    'night_stand': storage.night_stand,
    'ottoman': seating.ottoman,
    'picture': clutter.picture,
    'pillow': beds.pillow,
    'plant': clutter.plant,
    'refrigerator': fixtures.refrigerator,
    'round_table': tables.round_table,
    'sink': fixtures.sink,
    'sofa': seating.sofa,
    'table': tables.table,
    'table_lamp': clutter.table_lamp,
    'television': clutter.television,
    'toilet': fixtures.toilet,
    'window': _window,
}
"""Name -> program, in the order of the labels."""
