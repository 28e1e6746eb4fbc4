"""Unnamed columns: tell coordinates, colours and normals of a table without names, or refuse it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from mmengine.logging import print_log

from ..structures.color_range import color_range

WIDEST = 12
SURE = 20  # rows from which on consecutive first numbers are an index, and dark triples no colours
FEW = 8  # rows from which on channels are compared
DARKEST = 16.0  # of 0..255: numbers that stay below are not taken for colours
DARK = 64.0  # and below this one they are where they correlate
RELATED = 0.3  # least correlation of two channels of dark colours
UNIT = 1e-2  # by which a normal's length may differ from 1
HINT = 'name the columns (a header line in a text, arrays of an .npz): x y z, r g b, nx ny nz, label'


@dataclass(frozen=True)
class Placement:
    """Which columns of a table are what: the first of the three of colours and of normals, or None."""

    color: int | None
    normal: int | None

    @property
    def triples(self) -> int:
        """How many of the two are there."""
        return (self.color is not None) + (self.normal is not None)


def arrays_from_table(table: np.ndarray, convention: Placement | None = None) -> dict[str, np.ndarray]:
    """Split a table without names: xyz first, colours and normals where the values tell them.

    An index before the coordinates and columns that are neither colours nor normals (intensity, ring, label,
    time) are left out, which is logged.

    Args:
        table: (P, 3) xyz, (P, 4) or (P, 5) with other values after it, or up to 12 columns with colours,
            normals or both at any place after xyz.
        convention: What the format says of tables that can be read in several ways.

    Returns:
        xyz (P, 3), and color (P, 3), normal (P, 3) where there are any.

    Raises:
        ValueError: For another shape, and where the values fit none or several of these.
    """
    if table.ndim != 2 or not 3 <= table.shape[1] <= WIDEST or table.dtype.kind not in 'fiu':
        raise ValueError(
            f'expected numbers in 3 (xyz), 6 (xyz, rgb) or 9 (xyz, rgb, normal) columns, up to {WIDEST} with '
            f'others among them, got an array of shape {table.shape} and {table.dtype}'
        )
    if not len(table):
        raise ValueError('empty cloud: the table has no rows')
    start = 1 if _has_index(table, convention) else 0
    place = _placement(table[:, start:], convention)
    parts = {'xyz': table[:, start : start + 3]}
    used = {start, start + 1, start + 2}
    for name, first in (('color', place.color), ('normal', place.normal)):
        if first is not None:
            parts[name] = table[:, start + first : start + first + 3]
            used |= set(range(start + first, start + first + 3))
    spare = [str(column + 1) for column in range(table.shape[1]) if column not in used]
    told = ', '.join(
        f'{name} from column {start + first + 1}' for name, first in vars(place).items() if first
    )
    told += f'; columns left out: {", ".join(spare)} (to keep one as labels, {HINT})' if spare else ''
    if told:
        print_log(f'a table of {table.shape[1]} columns without names: {told.lstrip("; ")}', 'current')
    return parts


def possible_placements(table: np.ndarray) -> list[Placement]:
    """Where colours and normals of a table can lie: of the ways that explain most columns, the likelier."""
    firsts = range(3, table.shape[1] - 2)
    copies = _copies_of_xyz(table) if table.shape[1] > 6 else set()
    colors = [
        first
        for first in firsts
        if not copies & {first, first + 1, first + 2} and can_be_colors(table[:, first : first + 3])
    ]
    normals = [first for first in firsts if are_normals(table[:, first : first + 3])]
    places = [
        Placement(color, normal)
        for color, normal in product([*colors, None], [*normals, None])
        if color is None or normal is None or abs(color - normal) >= 3
    ]
    most = max(place.triples for place in places)
    places = [place for place in places if place.triples == most]
    even = [place for place in places if place.color is None or _is_even(table, place.color)]
    return places if len(places) == 1 or not even else even


def can_be_colors(triple: np.ndarray) -> bool:
    """Whether (P, 3) numbers can be the colours of a scan.

    They are in a range of colours, whole in all channels or in none, and, where enough rows tell it, about as
    bright in each channel and neither darker than scans are nor dark and unrelated, as labels are.
    """
    triple = triple[np.isfinite(triple).all(axis=1)].astype(np.float64)
    if not len(triple):
        return False
    try:
        factor, told = color_range(triple)
    except ValueError:
        return False
    varying = triple[:, np.ptp(triple, axis=0) > 0]
    high = float(triple.max())
    if len({np.array_equal(channel, np.floor(channel)) for channel in varying.T if channel.max() != 1}) > 1:
        return False
    is_whole = np.array_equal(triple, np.floor(triple))
    if len(triple) >= FEW and varying.size and 4 * varying.max(axis=0).min() < high:
        return False
    if told == '0..255' and 1 < high < DARKEST and (not is_whole or len(triple) >= SURE):
        return False
    is_dark = told != '0..1' and high * factor < DARK and len(triple) >= SURE and varying.shape[1] > 1
    return not (is_dark and is_whole and _largest_correlation(varying) < RELATED)


def _largest_correlation(channels: np.ndarray) -> float:
    """The largest correlation of two of (P, C) channels that vary."""
    pairs = np.corrcoef(channels.T)
    return float(pairs[~np.eye(len(pairs), dtype=bool)].max())


def are_normals(triple: np.ndarray) -> bool:
    """Whether (P, 3) numbers are unit vectors, some of them zero."""
    triple = triple[np.isfinite(triple).all(axis=1)]
    with np.errstate(over='ignore'):
        length = np.linalg.norm(triple.astype(np.float64), axis=1)
    unit = np.abs(length - 1) < UNIT
    return len(triple) > 0 and bool((unit | (length == 0)).all()) and 2 * int(unit.sum()) >= len(triple)


def _placement(table: np.ndarray, convention: Placement | None) -> Placement:
    places = possible_placements(table)
    if len(places) > 1 and convention in places:
        return convention
    if len(places) > 1:
        ways = ' or '.join(
            ' and '.join(
                f'{name} from column {first + 1}' for name, first in vars(place).items() if first is not None
            )
            for place in places
        )
        raise ValueError(f'the values of {table.shape[1]} columns do not tell which is what, {ways}: {HINT}')
    if places[0].triples == 0 and table.shape[1] >= 6:
        rest = np.nan_to_num(table[:, 3:].astype(np.float64))
        raise ValueError(
            f'columns from the fourth hold neither colours (color: expected values in 0..255, 0..1 or '
            f'0..65535, got {rest.min():g} .. {rest.max():g}) nor unit normals: {HINT}'
        )
    return places[0]


def _has_index(table: np.ndarray, convention: Placement | None) -> bool:
    """Whether the first column counts the rows."""
    first = table[:, 0]
    if table.shape[1] == 3 or not np.isfinite(first).all() or not np.array_equal(first, np.floor(first)):
        return False
    steps = np.diff(first)
    if len(table) >= SURE:
        rest = table[:, 1:4]
        return bool((steps == 1).all() or ((steps > 0).all() and not np.array_equal(rest, np.floor(rest))))
    if not (first[:1].tolist() in ([0], [1]) and (steps == 1).all()):
        return False
    alone = len(table) == 1 and table.shape[1] in (6, 9)  # one row counts nothing
    if convention is not None or alone or _explains_all(table):
        return False
    raise ValueError(
        f'{len(table)} rows of {table.shape[1]} columns do not tell whether the first column is an index or '
        f'x (expected 3 (xyz), 6 (xyz, rgb) or 9 (xyz, rgb, normal) columns): {HINT}'
    )


def _explains_all(table: np.ndarray) -> bool:
    """Whether coordinates, colours and normals are all that a table has, read without an index."""
    places = possible_placements(table) if table.shape[1] in (6, 9) else []
    return any(
        place.triples == table.shape[1] // 3 - 1 and (place.color is None or _is_even(table, place.color))
        for place in places
    )


def _copies_of_xyz(table: np.ndarray) -> set[int]:
    """Columns that are x, y or z again, scaled and moved, as in PointNet's rows of S3DIS."""
    rows = table[np.isfinite(table).all(axis=1)].astype(np.float64)
    if len(rows) < 4:
        return set()
    rows = rows - rows.mean(axis=0)
    size = np.linalg.norm(rows, axis=0)
    same = np.abs(rows[:, :3].T @ rows) > 0.9999 * size[:3, None] * size
    return {column for column in range(3, table.shape[1]) if size[column] and same[:, column].any()}


def _is_even(table: np.ndarray, first: int) -> bool:
    """Whether three columns look like channels of one colour: of one kind, about as bright, none constant."""
    triple = table[:, first : first + 3]
    triple = triple[np.isfinite(triple).all(axis=1)]
    varies = np.ptp(triple, axis=0) > 0
    is_whole = {np.array_equal(channel, np.floor(channel)) for channel in triple.T}
    brightest = triple.max(axis=0)
    return bool(
        len(is_whole) == 1 and (varies.all() or (not varies.any() and 4 * brightest.min() >= brightest.max()))
    )
