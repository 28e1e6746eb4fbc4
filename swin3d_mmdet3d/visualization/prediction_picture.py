"""Prediction pictures: colour, truth and prediction of a scan side by side from two views."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image

from .label_colors import UNLABELED_COLOR, label_colors
from .picture_sheet import PANEL, Column, color_column, picture_sheet


def prediction_picture(
    xyz: np.ndarray,
    rgb: np.ndarray | None,
    truth: np.ndarray | None,
    prediction: np.ndarray,
    palette: Sequence[Sequence[int]],
    names: Sequence[str],
    panel: tuple[int, int] = PANEL,
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
        panel: Height and width in pixels of one view.

    Raises:
        ValueError: When lengths do not agree.
    """
    columns = [color_column(len(xyz), rgb)]
    labels = (
        [('truth', truth), ('prediction', prediction)] if truth is not None else [('prediction', prediction)]
    )
    columns += [Column(title, label_colors(label, palette)) for title, label in labels]
    legend = class_legend(np.concatenate([label for _, label in labels]), palette, names)
    return picture_sheet(xyz, columns, legend, panel)


def box_picture(
    xyz: np.ndarray,
    rgb: np.ndarray | None,
    boxes: Mapping[str, tuple[np.ndarray, np.ndarray]],
    palette: Sequence[Sequence[int]],
    names: Sequence[str],
    panel: tuple[int, int] = PANEL,
) -> Image.Image:
    """One picture of a scan with boxes: its colours, then a column for each set of boxes.

    Views and legend are those of `prediction_picture`. Edges are drawn over the points, also where they lie
    behind them.

    Args:
        xyz: (P, 3) coordinates in metres, z up.
        rgb: (P, 3) in 0..255, or None: the points are grey.
        boxes: Title -> corners (B, 8, 3) in metres and class indices (B,).
        palette: (classes, 3) in 0..255.
        names: (classes,).
        panel: Height and width in pixels of one view.

    Raises:
        ValueError: When lengths do not agree.
    """
    columns = [color_column(len(xyz), rgb)]
    for title, (corners, label) in boxes.items():
        if len(corners) != len(label):
            raise ValueError(f'{title}: expected a label for each of {len(corners)} boxes, got {len(label)}')
        columns.append(Column(title, columns[0].colors, corners, label_colors(np.asarray(label), palette)))
    present = np.concatenate([np.asarray(label) for _, label in boxes.values()])
    return picture_sheet(xyz, columns, class_legend(present, palette, names), panel)


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
