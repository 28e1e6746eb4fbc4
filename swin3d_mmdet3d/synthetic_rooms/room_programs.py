"""Functional room types: what stands in an office, a lounge, a bedroom, and where."""

from __future__ import annotations

from typing import Callable

import numpy as np

from .furniture import (
    beds,
    clutter,
    fixtures,
    seating,
    storage,
    structure,
    tables,
)
from .furniture.structure import Opening
from .room_layout import DOOR_CLEARANCE, RoomLayout, Side, overlaps
from .scene import Placed, Scene
from .shape_families import ShapeGenerator
from .shapes import rotation

L_SHAPED = 0.3  # share of the larger rooms that lack a corner

# Smallest and largest width, depth (metres) of each type.
SIZES = {
    'office': ((4.2, 6.2), (4.0, 5.6)),
    'conference': ((5.0, 7.0), (4.6, 5.8)),
    'lounge': ((5.0, 7.5), (4.5, 6.5)),
    'storage': ((3.8, 5.5), (3.6, 5.0)),
    'hallway': ((6.0, 9.0), (2.6, 3.4)),
    'kitchen': ((3.8, 5.5), (3.6, 5.0)),
    'bathroom': ((2.8, 3.8), (2.6, 3.6)),
    'bedroom': ((3.8, 5.5), (3.6, 5.0)),
}


def build_room(rng: ShapeGenerator, room_type: str, public_building: bool) -> Scene:
    """Build a furnished room.

    Args:
        rng: Source of all choices, with the family of shapes of all furniture.
        room_type: One of SIZES.
        public_building: Whether columns, beams and boards are common, as in offices.
    """
    (low_w, high_w), (low_d, high_d) = SIZES[room_type]
    size = (rng.uniform(low_w, high_w), rng.uniform(low_d, high_d), rng.uniform(2.6, 3.3))
    notch = None
    if min(size[:2]) > 3.8 and rng.random() < L_SHAPED:
        notch = (size[0] * rng.uniform(0.2, 0.35), size[1] * rng.uniform(0.2, 0.35))
    layout = RoomLayout(rng, size, notch)
    _openings(layout, public_building)
    _bearing_parts(layout, public_building)
    layout.build_shell()
    _PROGRAMS[room_type](layout, public_building)
    if public_building:
        _spare_chairs(layout)
    _wall_things(layout)
    _floor_things(layout)
    _lights(layout)
    return layout.finish()


def _openings(layout: RoomLayout, public: bool) -> None:
    """Doors, and windows at times with curtains."""
    rng, room_height = layout.rng, layout.scene.size[2]
    for _ in range(1 + int(rng.random() < (0.6 if public else 0.3))):
        width, height = rng.size(0.8, 1.0), rng.size(2.0, 2.15)
        cut = layout.open_wall(width, 0.0, height, DOOR_CLEARANCE)
        if cut:
            side, hole = cut
            layout.scene.add(structure.door(rng, width, height), (*side.at(hole.along, 0), 0), side.yaw)
    for _ in range(rng.integers(1, 3 if public else 4)):
        width, bottom = rng.uniform(0.9, 2.0), rng.uniform(0.75, 1.0)
        top = min(rng.uniform(1.9, 2.4), room_height - 0.4)
        cut = layout.open_wall(width, bottom, top, 0.0)
        if cut:
            side, hole = cut
            model = structure.window(rng, width, top - bottom)
            layout.scene.add(model, (*side.at(hole.along, 0), bottom), side.yaw)
            if rng.random() < (0.2 if public else 0.6):
                _curtains(layout, side, hole)


def _curtains(layout: RoomLayout, side: Side, hole: Opening) -> None:
    for sign in (-1, 1):
        top = min(hole.top + 0.15, layout.scene.size[2] - 0.1)
        model = clutter.curtain(layout.rng, top - 0.05)
        along = hole.along + sign * (hole.width / 2 + 0.25)
        (x0, _, _), (x1, _, _) = model.bounds()
        slot = (along + x0, along + x1, 0.05, top)
        others = [it for it in side.slots if not it[0] <= hole.along <= it[1]]
        rest = Side(side.start, side.end, slots=others)
        if abs(along) + x1 < side.length / 2 and rest.is_free(slot):
            side.slots.append(slot)
            layout.scene.add(model, (*side.at(along, 0.02), 0.05), side.yaw)


def _bearing_parts(layout: RoomLayout, public: bool) -> None:
    """Columns at walls or in the room, beams under the ceiling."""
    rng, (width, depth, height) = layout.rng, layout.scene.size
    share = 0.95 if public else 0.12
    for _ in range(int(rng.integers(1, 4)) if rng.random() < share else 0):
        model = structure.column(rng, height)
        if rng.random() < 0.7:
            layout.stand_at_wall(model, gap=rng.uniform(-0.08, 0.25))
        else:
            layout.stand_free(model, 0.5, 0.0)
    for _ in range(int(rng.integers(1, 3)) if rng.random() < share else 0):
        along_x = rng.random() < 0.5
        span, across = (width, depth) if along_x else (depth, width)
        model = structure.beam(rng, span)
        half = model.bounds()[1, 1] + 0.02
        for _ in range(12):
            place = rng.uniform(0.4, across - 0.4)
            area = np.array([0, place - half, width, place + half])
            area = area if along_x else area[[1, 0, 3, 2]] * [1, 0, 1, 0] + [0, 0, 0, depth]
            if not any(overlaps(area, it, 0.1) for it in layout.overhead):
                layout.overhead.append(area)
                position = (width / 2, place, height) if along_x else (place, depth / 2, height)
                layout.scene.add(model, position, 0.0 if along_x else np.pi / 2)
                break


def _lights(layout: RoomLayout) -> None:
    """Hanging luminaires, which are also the places of the light."""
    rng, size = layout.rng, layout.scene.size
    lights = []
    for _ in range(20):
        if len(lights) == (2 if size[0] * size[1] > 16 else 1):
            break
        place = rng.uniform([0.8, 0.8], size[:2] - 0.8)
        area = np.concatenate([place - 0.75, place + 0.75])
        if any(overlaps(area, it) for it in layout.overhead):
            continue
        layout.overhead.append(area)
        model = clutter.ceiling_light(rng)
        layout.scene.add(model, (*place, size[2]), rng.integers(2) * np.pi / 2)
        lights.append([*place, size[2] - 0.75])
    layout.scene.lights = np.array(lights or [[*size[:2] / 2, size[2] - 0.75]])


def _wall_things(layout: RoomLayout) -> None:
    rng = layout.rng
    for _ in range(rng.integers(1, 4)):
        layout.hang(clutter.picture(rng), rng.uniform(1.2, 1.6))


def _floor_things(layout: RoomLayout) -> None:
    rng = layout.rng
    layout.stand_free(clutter.garbage_bin(rng))
    for _ in range(rng.integers(1, 2 + rng.family.clutter)):
        layout.stand_free(rng.choice(clutter.FLOOR_CLUTTER)(rng), 0.05)


def _top_things(layout: RoomLayout, below: Placed | None, count: int) -> None:
    """At least `count` small things on something, and as many more as the family's clutter has."""
    if below is None:
        return
    for _ in range(count + int(layout.rng.integers(layout.rng.family.clutter + 1))):
        layout.set_on(below, layout.rng.choice(clutter.TABLE_CLUTTER)(layout.rng))


def _chair_before(layout: RoomLayout, table: Placed, along: float, front: float) -> None:
    """A chair that faces a table's edge at y = `front` (negative: the far edge), in its frame."""
    rng = layout.rng
    model = seating.chair(rng)
    sign = np.sign(front)
    local = [along, front + sign * rng.uniform(0.26, 0.4), 0]
    position = table.position + rotation(table.yaw) @ local
    yaw = table.yaw + (np.pi if sign > 0 else 0.0) + rng.normal(0, 0.15)
    layout.stand_at(model, position, yaw, -0.02)


def _seats_around(layout: RoomLayout, table: Placed | None) -> None:
    if table is None:
        return
    (x0, y0, _), (x1, y1, _) = table.model.bounds()
    count = max(1, int((x1 - x0) / 0.72))
    for along in (np.arange(count) - (count - 1) / 2) * ((x1 - x0) / count):
        for front in (y0, y1):
            if layout.rng.random() < 0.95:
                _chair_before(layout, table, along, front)


def _spare_chairs(layout: RoomLayout) -> None:
    """Chairs that stand about, as in any public building."""
    for _ in range(layout.rng.integers(1, 4)):
        layout.stand_free(seating.chair(layout.rng), 0.06)


def _workplace(layout: RoomLayout) -> None:
    rng = layout.rng
    desk = layout.stand_at_wall(tables.desk(rng))
    if desk is not None:
        _chair_before(layout, desk, rng.uniform(-0.15, 0.15), desk.model.bounds()[1, 1])
        layout.set_on(desk, clutter.monitor(rng))
        _top_things(layout, desk, int(rng.integers(1, 3)))


def _seating_group(layout: RoomLayout) -> None:
    """A sofa at a wall with a low table before it, and at times an armchair."""
    rng = layout.rng
    sofa = layout.stand_at_wall(seating.sofa(rng))
    if sofa is not None:
        model = tables.coffee_table(rng)
        front = sofa.model.bounds()[1, 1] + 0.35 - model.bounds()[0, 1]
        place = sofa.position + rotation(sofa.yaw) @ [0, front, 0]
        _top_things(layout, layout.stand_at(model, place, sofa.yaw), int(rng.integers(1, 3)))
    if rng.random() < 0.5:
        layout.stand_free(seating.armchair(rng), 0.05)


def _office(layout: RoomLayout, public: bool) -> None:
    rng = layout.rng
    if public or rng.random() < 0.3:
        layout.hang(structure.board(rng), rng.uniform(0.85, 1.0))
    for _ in range(rng.integers(1, 3)):
        layout.stand_at_wall(storage.bookcase(rng))
    for _ in range(rng.integers(1, 4)):
        _workplace(layout)
    if rng.random() < 0.6:
        _top_things(layout, layout.stand_at_wall(storage.filing_cabinet(rng)), 1)
    if rng.random() < 0.75:
        layout.stand_at_wall(seating.sofa(rng, 2))
    if rng.random() < 0.4:
        _seats_around(layout, layout.stand_free(tables.round_table(rng), 0.3))


def _conference(layout: RoomLayout, public: bool) -> None:
    rng, size = layout.rng, layout.scene.size
    layout.hang(structure.board(rng), rng.uniform(0.85, 1.0))
    model = tables.conference_table(rng, size[0] * rng.uniform(0.3, 0.42), rng.uniform(0.9, 1.2))
    table = layout.stand_free(model, 0.55, 0.0)
    _seats_around(layout, table or layout.stand_free(tables.table(rng), 0.4))
    if rng.random() < 0.8:
        layout.stand_at_wall(storage.bookcase(rng))
    if rng.random() < 0.8:
        layout.stand_at_wall(seating.sofa(rng, int(rng.integers(1, 4))))
    if rng.random() < 0.5:
        layout.hang(clutter.television(rng), 1.1)
    if table:
        _top_things(layout, table, int(rng.integers(2, 5)))


def _lounge(layout: RoomLayout, public: bool) -> None:
    rng = layout.rng
    if public and rng.random() < 0.85:
        layout.hang(structure.board(rng), rng.uniform(0.85, 1.0))
    for _ in range(2):
        _seating_group(layout)
    if rng.random() < 0.8:
        layout.stand_at_wall(storage.bookcase(rng))
    if rng.random() < 0.6:
        layout.hang(clutter.television(rng), 1.0)
    table = layout.stand_free(rng.choice([tables.table, tables.round_table])(rng), 0.4)
    _seats_around(layout, table)
    _top_things(layout, table, 2)
    layout.stand_free(clutter.floor_lamp(rng), 0.05)
    if rng.random() < 0.5:
        layout.stand_free(seating.ottoman(rng))


def _storage(layout: RoomLayout, public: bool) -> None:
    rng = layout.rng
    if public and rng.random() < 0.85:
        layout.hang(structure.board(rng), rng.uniform(0.85, 1.0))
    if public:
        layout.stand_at_wall(seating.sofa(rng, 2))
    for _ in range(rng.integers(2, 4)):
        layout.stand_at_wall(storage.bookcase(rng))
    for _ in range(rng.integers(1, 3)):
        _top_things(layout, layout.stand_at_wall(storage.cabinet(rng)), 1)
    table = layout.stand_free(tables.table(rng), 0.25)
    _seats_around(layout, table)
    _top_things(layout, table, 2)
    for _ in range(rng.integers(2, 5)):
        layout.stand_free(clutter.box_pile(rng), 0.03)
    layout.stand_free(storage.coat_stand(rng))


def _hallway(layout: RoomLayout, public: bool) -> None:
    rng = layout.rng
    if public:
        layout.hang(structure.board(rng), rng.uniform(0.85, 1.0))
    layout.stand_at_wall(seating.sofa(rng, int(rng.integers(1, 4))))
    for _ in range(rng.integers(1, 3)):
        layout.stand_at_wall(storage.bookcase(rng, rng.size(0.8, 1.2)))
    for _ in range(rng.integers(2, 5)):
        layout.stand_at_wall(seating.chair(rng), 0.05)
    _top_things(layout, layout.stand_at_wall(tables.table(rng, 1.2, 0.6)), 2)


def _kitchen(layout: RoomLayout, public: bool) -> None:
    rng = layout.rng
    counter = layout.stand_at_wall(fixtures.counter(rng))
    if counter:
        layout.set_on(counter, fixtures.sink(rng))
        _top_things(layout, counter, 2)
    layout.stand_at_wall(fixtures.refrigerator(rng))
    _top_things(layout, layout.stand_at_wall(storage.cabinet(rng)), 1)
    if public:
        layout.hang(structure.board(rng), rng.uniform(0.85, 1.0))
        layout.stand_at_wall(storage.bookcase(rng))
        layout.stand_at_wall(seating.sofa(rng, 2))
    table = layout.stand_free(rng.choice([tables.table, tables.round_table])(rng), 0.4)
    _seats_around(layout, table)
    _top_things(layout, table, 2)


def _bathroom(layout: RoomLayout, public: bool) -> None:
    rng = layout.rng
    layout.stand_at_wall(fixtures.toilet(rng))
    tub = layout.stand_at_wall(fixtures.bathtub(rng))
    if tub is not None:
        front = tub.model.bounds()[1, 1] + 0.02
        height = min(2.05, layout.scene.size[2] - 0.2)
        model = clutter.curtain(rng, height - 0.25, 'shower_curtain')
        place = tub.position + rotation(tub.yaw) @ [rng.uniform(-0.4, 0.4), front - 0.05, 0.2]
        layout.scene.add(model, place, tub.yaw)
    base = layout.stand_at_wall(fixtures.counter(rng)) or layout.stand_at_wall(storage.dresser(rng))
    if base is not None:
        layout.set_on(base, fixtures.sink(rng))
        _top_things(layout, base, 1)
    layout.hang(clutter.mirror(rng), rng.uniform(0.9, 1.1))
    if rng.random() < 0.5:
        layout.stand_at_wall(storage.filing_cabinet(rng))


def _bedroom(layout: RoomLayout, public: bool) -> None:
    rng = layout.rng
    bed = layout.stand_at_wall(beds.bed(rng))
    if bed is not None:
        for _ in range(2):
            layout.set_on(bed, beds.pillow(rng))
        half = bed.model.bounds()[1, 0]
        for sign in (-1, 1):
            stand = storage.night_stand(rng)
            x = sign * (half + 0.06 + stand.bounds()[1, 0])
            y = bed.model.bounds()[0, 1] - stand.bounds()[0, 1]
            place = bed.position + rotation(bed.yaw) @ [x, y, 0]
            placed = layout.stand_at(stand, place, bed.yaw)
            if placed is not None and rng.random() < 0.8:
                layout.set_on(placed, clutter.table_lamp(rng))
    _top_things(layout, layout.stand_at_wall(storage.dresser(rng)), 2)
    layout.stand_at_wall(storage.cabinet(rng))
    _workplace(layout)
    if rng.random() < 0.6:
        layout.stand_at_wall(storage.bookcase(rng, rng.size(0.8, 1.1)))
    if rng.random() < 0.5:
        layout.hang(clutter.mirror(rng), 0.6)
    if rng.random() < 0.4:
        layout.hang(clutter.television(rng), 1.1)


_PROGRAMS: dict[str, Callable[[RoomLayout, bool], None]] = {
    'office': _office,
    'conference': _conference,
    'lounge': _lounge,
    'storage': _storage,
    'hallway': _hallway,
    'kitchen': _kitchen,
    'bathroom': _bathroom,
    'bedroom': _bedroom,
}
