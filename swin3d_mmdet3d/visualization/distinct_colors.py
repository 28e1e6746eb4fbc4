"""Distinct colours: a palette for classes that have none."""

from __future__ import annotations

import numpy as np

from .color_difference import cielab, color_difference
from .label_colors import UNLABELED_COLOR

_LEVELS = 8  # of each channel
_LIGHTNESS = (30, 92)  # L*: on white, and under the shading of pictures
_AVOIDED = ((255, 255, 255), (0, 0, 0), UNLABELED_COLOR)


def distinct_colors(count: int) -> tuple[tuple[int, int, int], ...]:
    """Colours 0..255 that differ well from each other, from white, and from the grey of unlabelled points.

    Each is the one of 512 that differs most, by CIEDE2000, from all before it; so the same always come first.

    Args:
        count: How many, up to some hundreds.
    """
    steps = np.linspace(0, 255, _LEVELS).round()
    colors = np.stack(np.meshgrid(steps, steps, steps, indexing='ij'), axis=-1).reshape(-1, 3)
    lab = cielab(colors)
    fits = (lab[:, 0] > _LIGHTNESS[0]) & (lab[:, 0] < _LIGHTNESS[1])
    colors, lab = colors[fits], lab[fits]
    nearest = np.min([color_difference(lab, cielab(np.array(avoided))) for avoided in _AVOIDED], axis=0)
    chosen = []
    for _ in range(count):
        row = int(nearest.argmax())
        chosen.append(tuple(int(channel) for channel in colors[row]))
        nearest = np.minimum(nearest, color_difference(lab, lab[row]))
    return tuple(chosen)
