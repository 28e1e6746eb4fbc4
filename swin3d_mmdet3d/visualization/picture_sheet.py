"""Picture sheet: a scan in two views, a column for each way of colouring it, and a legend."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .box_edges import draw_box_edges
from .box_tags import draw_box_tags
from .point_renderer import paint, point_sizes, rasterize
from .shape_colors import shape_colors
from .views import birds_eye_view, oblique_view

PANEL = (400, 520)
"""Height and width in pixels of one view."""

MOST_DRAWN = 2_000_000
"""Points; of larger scans every n-th is drawn, since a view has half a million pixels to show them."""

_TITLE_HEIGHT = 30
_GAP = 6
_SWATCH = 16
_EDGE_WIDTH = 4  # at twice the size of the panel


@dataclass(frozen=True)
class Column:
    """One way of colouring a scan.

    Attributes:
        title: Written above the column.
        colors: (P, 3) in 0..255.
        corners: (B, 8, 3) of boxes to draw over the points, or None.
        edge_colors: (B, 3) in 0..255 of the boxes, or None.
        tags: What is written above each of the boxes, the most important first.
    """

    title: str
    colors: np.ndarray
    corners: np.ndarray | None = None
    edge_colors: np.ndarray | None = None
    tags: Sequence[str] = ()


def color_column(xyz: np.ndarray, rgb: np.ndarray | None, normal: np.ndarray | None = None) -> Column:
    """The scan's own colours; where it has none, greys by the direction of its surfaces."""
    if rgb is None:
        return Column('shape', shape_colors(xyz, normal))
    return Column('colour', np.asarray(rgb))


def picture_sheet(
    xyz: np.ndarray,
    columns: Sequence[Column],
    legend: Sequence[tuple[str, Sequence[int]]],
    panel: tuple[int, int] = PANEL,
) -> Image.Image:
    """Put the columns side by side.

    The upper row looks straight down with the ceiling cut away, the lower one over the nearest corner. At
    most `MOST_DRAWN` of the points are drawn.

    Args:
        xyz: (P, 3) coordinates in metres, z up.
        columns: From left to right.
        legend: Name and colour of the entries below the views. Those are listed whose colour is seen, of
            points or edges, in a column but the first.
        panel: Height and width in pixels of one view.

    Raises:
        ValueError: When a column has not one colour for each point.
    """
    xyz = np.asarray(xyz, dtype=np.float64)
    for column in columns:
        if len(column.colors) != len(xyz):
            raise ValueError(
                f'{column.title}: expected one for each of {len(xyz)} points, got {len(column.colors)}'
            )
    step = -(-len(xyz) // MOST_DRAWN) or 1
    columns = [dataclasses.replace(column, colors=column.colors[::step]) for column in columns]
    rows, seen = _view_rows(xyz[::step], columns, panel)
    height, width = panel
    legend = [entry for entry in legend if tuple(map(int, entry[1])) in seen]
    strip = _legend(legend, len(columns) * (width + _GAP))
    size = (
        len(columns) * (width + _GAP) - _GAP,
        _TITLE_HEIGHT + len(rows) * (height + _GAP) + strip.height,
    )
    picture = Image.new('RGB', size, 'white')
    draw = ImageDraw.Draw(picture)
    for i, column in enumerate(columns):
        x = i * (width + _GAP)
        draw.text((x + width / 2, _TITLE_HEIGHT / 2), column.title, 'black', _font(18), anchor='mm')
        for j, row in enumerate(rows):
            picture.paste(row[i], (x, _TITLE_HEIGHT + j * (height + _GAP)))
    picture.paste(strip, (0, size[1] - strip.height))
    return picture


def _view_rows(
    xyz: np.ndarray, columns: Sequence[Column], panel: tuple[int, int]
) -> tuple[list[list[Image.Image]], set[tuple[int, ...]]]:
    """For both views, the picture of every column; and the colours seen in all but the first."""
    height, width = panel
    sizes = point_sizes(xyz)
    rows, seen = [], set()
    for choose in (birds_eye_view, oblique_view):
        view, keep = choose(xyz, width / height)
        # Drawn at twice the size and shrunk: smooth edges.
        index, depth = rasterize(xyz[keep], view, 2 * height, 2 * width, sizes[keep])
        row = []
        for column in columns:
            image = paint(column.colors[keep], index, depth)
            if column.corners is not None:
                image = draw_box_edges(image, column.corners, column.edge_colors, view, _EDGE_WIDTH)
            small = Image.fromarray(image).resize((width, height), Image.Resampling.BOX)
            if column.tags:
                draw_box_tags(small, column.corners, column.tags, column.edge_colors, view)
            row.append(small)
        visible = np.unique(index[index >= 0])
        for column in columns[1:]:
            seen |= _unique_colors(column.colors[keep][visible])
            seen |= _unique_colors(() if column.edge_colors is None else column.edge_colors)
        rows.append(row)
    return rows, seen


def _unique_colors(colors: np.ndarray) -> set[tuple[int, ...]]:
    return set(map(tuple, np.unique(np.reshape(colors, (-1, 3)), axis=0).astype(int).tolist()))


def _legend(entries: Sequence[tuple[str, Sequence[int]]], width: int) -> Image.Image:
    """A strip with a swatch and the name of every entry."""
    font = _font(15)
    places, x, y = [], _GAP, _GAP
    for name, _ in entries:
        step = _SWATCH + 6 + int(font.getlength(name)) + 20
        if x + step > width and x > _GAP:
            x, y = _GAP, y + _SWATCH + 8
        places.append((x, y))
        x += step
    strip = Image.new('RGB', (width, y + _SWATCH + 8), 'white')
    draw = ImageDraw.Draw(strip)
    for (name, color), (x, y) in zip(entries, places):
        draw.rectangle((x, y, x + _SWATCH, y + _SWATCH), fill=tuple(map(int, color)), outline='grey')
        draw.text((x + _SWATCH + 6, y + _SWATCH / 2), name, 'black', font, anchor='lm')
    return strip


def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.load_default(size)
