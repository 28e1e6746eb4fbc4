"""Box tags: class and score of boxes, written over a picture where they do not cover each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .views import View

_FONT_SIZE = 11
_MARGIN = 2  # pixels around the text


def draw_box_tags(
    picture: Image.Image, corners: np.ndarray, texts: Sequence[str], color: np.ndarray, view: View
) -> None:
    """Write a tag above each box, in place; one that would cover an earlier tag is left out.

    Args:
        picture: A picture of `view`.
        corners: ``(B, 8, 3)`` metres, the most important box first.
        texts: ``(B,)`` what the tags say.
        color: ``(B, 3)`` in 0..255, of the tags; text is black or white on it.
        view: The camera of the picture.
    """
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(_FONT_SIZE)
    taken: list[tuple[float, float, float, float]] = []
    for box, text, fill in zip(corners, texts, color):
        place = _place_above(box, view, picture.size)
        if place is None:
            continue
        width, height = font.getlength(text) + 2 * _MARGIN, _FONT_SIZE + 2 * _MARGIN
        left = min(max(place[0] - width / 2, 0), picture.width - width)
        top = min(max(place[1] - height, 0), picture.height - height)
        tag = (left, top, left + width, top + height)
        if any(tag[0] < it[2] and it[0] < tag[2] and tag[1] < it[3] and it[1] < tag[3] for it in taken):
            continue
        taken.append(tag)
        draw.rectangle(tag, fill=tuple(int(channel) for channel in fill), outline='white')
        ink = 'black' if np.dot(fill, (0.3, 0.59, 0.11)) > 140 else 'white'
        draw.text((left + _MARGIN, top + height / 2), text, ink, font, anchor='lm')


def _place_above(corners: np.ndarray, view: View, size: tuple[int, int]) -> tuple[float, float] | None:
    """Column and row of the middle of a box's upper face; None out of sight."""
    top = np.array([*corners[:, :2].mean(axis=0), corners[:, 2].max()])
    x, y, depth = view.axes() @ (top - np.asarray(view.eye))
    if depth <= 0:
        return None
    width, height = size
    focal = height / 2 / np.tan(np.radians(view.field_of_view / 2))
    column, row = focal * x / depth + width / 2, focal * y / depth + height / 2
    return (column, row) if 0 <= column <= width and 0 <= row <= height else None
