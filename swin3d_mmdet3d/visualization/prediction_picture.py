"""Prediction picture: colour, truth and prediction of a scan side by side from two views."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .label_colors import UNLABELED_COLOR, label_colors
from .point_renderer import paint, point_sizes, rasterize
from .views import birds_eye_view, oblique_view

_TITLE_HEIGHT = 30
_GAP = 6
_SWATCH = 16
_GREY = 170


def prediction_picture(
    xyz: np.ndarray,
    rgb: np.ndarray | None,
    truth: np.ndarray | None,
    prediction: np.ndarray,
    palette: Sequence[Sequence[int]],
    names: Sequence[str],
    panel: tuple[int, int] = (400, 520),
) -> Image.Image:
    """One picture of a labelled scan: a column each for colour, truth and prediction.

    The upper row looks straight down with the ceiling cut away, the lower one over the nearest
    corner. A legend names the classes that occur.

    Args:
        xyz: (P, 3) coordinates in metres, z up.
        rgb: (P, 3) in 0..255, or None: the column is grey.
        truth: (P,) class indices, or None: the column is left out.
        prediction: (P,) class indices.
        palette: (classes, 3) in 0..255.
        names: (classes,).
        panel: height and width in pixels of one view.

    Raises:
        ValueError: when lengths do not agree.
    """
    xyz = np.asarray(xyz, dtype=np.float64)
    columns = _columns(len(xyz), rgb, truth, prediction, palette)
    if len(names) != len(palette):
        raise ValueError(f'names: expected {len(palette)}, one for each colour, got {len(names)}')
    rows = _view_rows(xyz, [colors for _, colors in columns], panel)
    height, width = panel
    legend = _legend(_present(truth, prediction), palette, names, len(columns) * (width + _GAP))
    size = (
        len(columns) * (width + _GAP) - _GAP,
        _TITLE_HEIGHT + len(rows) * (height + _GAP) + legend.height,
    )
    picture = Image.new('RGB', size, 'white')
    draw = ImageDraw.Draw(picture)
    for i, (title, _) in enumerate(columns):
        x = i * (width + _GAP)
        draw.text((x + width / 2, _TITLE_HEIGHT / 2), title, 'black', _font(18), anchor='mm')
        for j, row in enumerate(rows):
            picture.paste(Image.fromarray(row[i]), (x, _TITLE_HEIGHT + j * (height + _GAP)))
    picture.paste(legend, (0, size[1] - legend.height))
    return picture


def _columns(
    points: int,
    rgb: np.ndarray | None,
    truth: np.ndarray | None,
    prediction: np.ndarray,
    palette: Sequence[Sequence[int]],
) -> list[tuple[str, np.ndarray]]:
    """(title, (P, 3) colours) of every column, with the lengths checked."""
    rgb_title = 'colour' if rgb is not None else 'no colour'
    rgb = np.full((points, 3), _GREY) if rgb is None else np.asarray(rgb)
    columns = [(rgb_title, rgb)]
    for title, label in (('truth', truth), ('prediction', prediction)):
        if label is not None:
            columns.append((title, label_colors(label, palette)))
    for title, colors in columns:
        if len(colors) != points:
            raise ValueError(f'{title}: expected one for each of {points} points, got {len(colors)}')
    return columns


def _view_rows(
    xyz: np.ndarray, colors: Sequence[np.ndarray], panel: tuple[int, int]
) -> list[list[np.ndarray]]:
    """For both views, the picture (H, W, 3) of every set of colours."""
    height, width = panel
    sizes = point_sizes(xyz)
    rows = []
    for choose in (birds_eye_view, oblique_view):
        view, keep = choose(xyz, width / height)
        # Drawn at twice the size and shrunk: smooth edges.
        index, depth = rasterize(xyz[keep], view, 2 * height, 2 * width, sizes[keep])
        images = (Image.fromarray(paint(c[keep], index, depth)) for c in colors)
        rows.append([np.asarray(i.resize((width, height), Image.Resampling.BOX)) for i in images])
    return rows


def _present(truth: np.ndarray | None, prediction: np.ndarray) -> np.ndarray:
    """The labels that occur, sorted."""
    labels = [prediction] if truth is None else [truth, prediction]
    return np.unique(np.concatenate(labels))


def _legend(
    present: np.ndarray, palette: Sequence[Sequence[int]], names: Sequence[str], width: int
) -> Image.Image:
    """A strip with a swatch and the name of every class in `present`."""
    entries = [(names[i], tuple(palette[i])) for i in present if 0 <= i < len(names)]
    if len(entries) < len(present):
        entries.append(('unlabelled', UNLABELED_COLOR))
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
