"""Charts of scores as PNG files, drawn without a display: confusion matrix, bars of classes, curves."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ..atomic_write import atomic_write

MOST_NUMBERS = 25
"""Classes up to which the cells of a confusion matrix have their numbers in them."""


def write_confusion_chart(
    path: str | os.PathLike, matrix: np.ndarray, rows: Sequence[str], columns: Sequence[str]
) -> None:
    """Draw a confusion matrix: the share of each row in percent, dark for much.

    Args:
        path: The PNG; it appears whole or not at all.
        matrix: (A, B) counts, row = truth, column = prediction.
        rows, columns: Their names.

    Raises:
        ValueError: When names and matrix do not agree.
    """
    matrix = np.asarray(matrix, dtype=np.float64)
    if matrix.shape != (len(rows), len(columns)):
        raise ValueError(f'matrix: expected shape {(len(rows), len(columns))}, got {matrix.shape}')
    whole = matrix.sum(axis=1, keepdims=True)
    share = 100 * np.divide(matrix, whole, out=np.zeros_like(matrix), where=whole > 0)
    size = max(5.0, 1.5 + 0.42 * max(matrix.shape)) if max(matrix.shape) <= MOST_NUMBERS else 14.0
    figure = Figure(figsize=(size + 1.5, size), layout='constrained')
    axes = figure.add_subplot()
    image = axes.imshow(share, cmap='Blues', vmin=0, vmax=100)
    small = max(3.0, 9.0 - max(matrix.shape) / 20)
    axes.set_xticks(range(len(columns)), columns, rotation=90, fontsize=small)
    axes.set_yticks(range(len(rows)), rows, fontsize=small)
    axes.set_xlabel('prediction')
    axes.set_ylabel('truth')
    if max(matrix.shape) <= MOST_NUMBERS:
        for row, column in zip(*np.nonzero(share >= 0.5)):
            color = 'white' if share[row, column] > 55 else 'black'
            axes.text(
                column, row, f'{share[row, column]:.0f}', ha='center', va='center', color=color, fontsize=7
            )
    figure.colorbar(image, label='% of the truth', shrink=0.8)
    save_figure(path, figure)


def write_bar_chart(
    path: str | os.PathLike,
    names: Sequence[str],
    scores: Mapping[str, np.ndarray],
    means: Mapping[str, float],
) -> None:
    """Draw a bar for each class and score; a class without the score has none.

    Args:
        path: The PNG; it appears whole or not at all.
        names: Of the C classes, from top to bottom.
        scores: Name of a score, such as 'IoU' -> (C,) in [0, 1], NaN where a class has none.
        means: Name of a score -> its mean, drawn as a line and told.

    Raises:
        ValueError: When there is not a score for each class.
    """
    for name, values in scores.items():
        if len(values) != len(names):
            raise ValueError(f'{name}: expected one for each of {len(names)} classes, got {len(values)}')
    figure = Figure(figsize=(7, 1.5 + 0.28 * max(len(names), 4)), layout='constrained')
    axes = figure.add_subplot()
    height = 0.8 / len(scores)
    for number, (name, values) in enumerate(scores.items()):
        places = np.arange(len(names)) + (number - (len(scores) - 1) / 2) * height
        mean = means.get(name, float('nan'))
        color = f'C{number}'
        axes.barh(places, np.nan_to_num(100 * np.asarray(values)), height, color=color, label=name)
        if np.isfinite(mean):
            axes.axvline(100 * mean, color=color, linestyle='--', label=f'mean {100 * mean:.1f}')
    axes.set_yticks(range(len(names)), names, fontsize=8 if len(names) <= 60 else 4)
    axes.invert_yaxis()
    axes.set_xlim(0, 100)
    axes.set_xlabel('%')
    figure.legend(loc='outside lower center', ncols=4, fontsize=8)
    save_figure(path, figure)


def write_curve_chart(
    path: str | os.PathLike, curves: Mapping[str, Mapping[str, tuple[Sequence[float], Sequence[float]]]]
) -> None:
    """Draw curves below each other, one chart for each quantity.

    Args:
        path: The PNG; it appears whole or not at all.
        curves: Quantity -> name of a curve -> its steps and values.

    Raises:
        ValueError: When there is no curve.
    """
    if not curves:
        raise ValueError('curves: expected at least one, got none')
    figure = Figure(figsize=(8, 0.6 + 2.4 * len(curves)), layout='constrained')
    for number, (quantity, own) in enumerate(curves.items()):
        axes = figure.add_subplot(len(curves), 1, number + 1)
        for name, (steps, values) in own.items():
            axes.plot(steps, values, label=name, marker='.' if len(steps) < 30 else None)
        axes.set_ylabel(quantity)
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
    axes.set_xlabel('step')
    save_figure(path, figure)


def save_figure(path: str | os.PathLike, figure: Figure, dpi: int = 110) -> None:
    """Write a figure as PNG, ``dpi`` pixels an inch, without a display or state that figures share."""
    FigureCanvasAgg(figure)
    with atomic_write(path) as part:
        figure.savefig(part, format='png', dpi=dpi)
