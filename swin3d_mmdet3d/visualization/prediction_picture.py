"""Prediction pictures: colour, truth and prediction of a scan side by side from two views."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from .box_choice import choose_boxes
from .box_set import BoxSet
from .label_colors import UNLABELED_COLOR, label_colors
from .picture_sheet import PANEL, Column, color_column, picture_sheet

_PALE = 0.65  # of the points' ink, so that edges stand out


def prediction_picture(
    xyz: np.ndarray,
    rgb: np.ndarray | None,
    truth: np.ndarray | None,
    prediction: np.ndarray,
    palette: Sequence[Sequence[int]],
    names: Sequence[str],
    panel: tuple[int, int] = PANEL,
    normal: np.ndarray | None = None,
) -> Image.Image:
    """One picture of a labelled scan: a column each for colour, truth and prediction.

    The upper row looks straight down with the ceiling cut away, the lower one over the nearest
    corner. A legend names the classes that are seen.

    Args:
        xyz: (P, 3) coordinates in metres, z up.
        rgb: (P, 3) in 0..255, or None: the column shows the shape.
        truth: (P,) class indices, or None: the column is left out.
        prediction: (P,) class indices.
        palette: (classes, 3) in 0..255.
        names: (classes,).
        panel: Height and width in pixels of one view.
        normal: (P, 3) unit vectors to shade a scan without colours, or None: they are estimated.

    Raises:
        ValueError: When lengths do not agree.
    """
    columns = [color_column(xyz, rgb, normal)]
    labels = (
        [('truth', truth), ('prediction', prediction)] if truth is not None else [('prediction', prediction)]
    )
    columns += [Column(title, label_colors(label, palette)) for title, label in labels]
    legend = class_legend(np.concatenate([label for _, label in labels]), palette, names)
    return picture_sheet(xyz, columns, legend, panel)


def box_picture(
    xyz: np.ndarray,
    rgb: np.ndarray | None,
    boxes: Sequence[BoxSet],
    palette: Sequence[Sequence[int]],
    names: Sequence[str],
    panel: tuple[int, int] = PANEL,
    normal: np.ndarray | None = None,
) -> Image.Image:
    """One picture of a scan with boxes: its colours, then a column for each set of boxes.

    Views and legend are those of `prediction_picture`. Edges are drawn over the points, also where they lie
    behind them, and names with scores above them where there is room. Of boxes with scores those are drawn
    that `choose_boxes` keeps.

    Args:
        xyz: (P, 3) coordinates in metres, z up.
        rgb: (P, 3) in 0..255, or None: the points show their shape.
        boxes: A column each.
        palette: (classes, 3) in 0..255.
        names: (classes,).
        panel: Height and width in pixels of one view.
        normal: (P, 3) unit vectors to shade a scan without colours, or None: they are estimated.

    Raises:
        ValueError: When lengths do not agree.
    """
    first = color_column(xyz, rgb, normal)
    columns = [first, *(box_column(it, first, palette, names) for it in boxes)]
    present = np.concatenate([np.asarray(it.label) for it in boxes])
    return picture_sheet(xyz, columns, class_legend(present, palette, names), panel)


def box_column(
    boxes: BoxSet, points: Column, palette: Sequence[Sequence[int]], names: Sequence[str]
) -> Column:
    """The best of the boxes with their names and scores, over the points of another column, paled."""
    shown = choose_boxes(boxes)
    title = boxes.title if len(shown) == len(boxes) else f'{boxes.title}, {len(shown)} of {len(boxes)} boxes'
    texts = [str(names[label]) for label in shown.label]
    if shown.score is not None:
        texts = [f'{text} {score:.2f}' for text, score in zip(texts, shown.score)]
    pale = 255 - _PALE * (255 - points.colors.astype(np.float64))
    return Column(title, pale, shown.corners, label_colors(np.asarray(shown.label), palette), texts)


def class_legend(
    label: np.ndarray, palette: Sequence[Sequence[int]], names: Sequence[str]
) -> list[tuple[str, tuple[int, ...]]]:
    """Name and colour of every class that occurs in `label`, in the order of the classes."""
    if len(names) != len(palette):
        raise ValueError(f'names: expected {len(palette)}, one for each colour, got {len(names)}')
    present = np.unique(label)
    entries = [(names[i], tuple(palette[i])) for i in present if 0 <= i < len(names)]
    if len(entries) < len(present):
        entries.append(('unlabelled', UNLABELED_COLOR))
    return entries
