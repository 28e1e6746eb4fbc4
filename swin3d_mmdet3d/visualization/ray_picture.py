"""Pictures of frames pixel by pixel: what was measured, and what was rendered, side by side."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from PIL import Image, ImageDraw

TITLE_HEIGHT = 16
GAP = 4
EMPTY = 40
"""Grey of pixels without a value, and of what lies between the pictures."""


def depth_colors(depth: np.ndarray, farthest: float) -> np.ndarray:
    """Greys ``(R, 3)`` in 0..255 of depths ``(R,)``: 255 at the camera, 0 from the farthest depth on."""
    share = np.clip(np.asarray(depth, dtype=np.float64) / farthest, 0, 1)
    return np.repeat(255 * (1 - share)[:, None], 3, axis=1)


def ray_picture(
    pixels: np.ndarray,
    columns: Mapping[str, tuple[np.ndarray, np.ndarray]],
    size: tuple[int, int],
    enlarge: int = 1,
) -> Image.Image:
    """A column for each source of colours and depths; colours above, depths below.

    Args:
        pixels: ``(R, 2)`` int64 (u, v).
        columns: Title -> colours ``(R, 3)`` in [0, 1] and depths ``(R,)`` in metres. All depths have the grey
            scale of the first column's, whose farthest is black.
        size: Width and height of a frame in pixels.
        enlarge: Edge of a pixel in the picture.

    Raises:
        ValueError: If there is no pixel, or one lies outside of the frame.
    """
    width, height = size
    if len(pixels) == 0 or (pixels < 0).any() or (pixels >= [width, height]).any():
        raise ValueError(f'pixels must be (R, 2) within {width} x {height}, at least one, got {len(pixels)}')
    farthest = max(float(np.max(next(iter(columns.values()))[1])), 1e-6)
    step_x, step_y = width * enlarge + GAP, height * enlarge + GAP
    sheet = Image.new('RGB', (len(columns) * step_x - GAP, TITLE_HEIGHT + 2 * step_y - GAP), (EMPTY,) * 3)
    draw = ImageDraw.Draw(sheet)
    for number, (title, (color, depth)) in enumerate(columns.items()):
        draw.text((number * step_x + 2, 2), title, fill=(230, 230, 230))
        rows = (np.asarray(color) * 255, depth_colors(depth, farthest))
        for row, values in enumerate(rows):
            frame = np.full((height, width, 3), EMPTY, dtype=np.uint8)
            frame[pixels[:, 1], pixels[:, 0]] = np.clip(np.rint(values), 0, 255)
            frame = frame.repeat(enlarge, axis=0).repeat(enlarge, axis=1)
            sheet.paste(Image.fromarray(frame), (number * step_x, TITLE_HEIGHT + row * step_y))
    return sheet
