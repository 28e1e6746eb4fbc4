"""Orthographic images of a point cloud along the three axes, and the pixel of each point in them."""

from __future__ import annotations

import numpy as np

AXES = ((0, 1, 2), (2, 0, 1), (1, 2, 0))
"""Of each view the coordinates that give the row, the column and the depth of a pixel."""

SPLAT = 2
"""A point covers the pixels up to so many rows and columns away: 5 x 5."""


def axis_views(
    xyz: np.ndarray, colors: np.ndarray | None = None, size: int = 224
) -> tuple[np.ndarray, np.ndarray]:
    """Three images of a cloud, seen along z, y and x as if its points were transparent.

    The longer side of the cloud fills the image, the shorter is centred. Each point covers 5 x 5 pixels.
    Without colours a pixel is sigmoid(sum of the depths that it shows), the same in all channels, where depth
    is the coordinate along the line of sight; best for a cloud in the unit sphere about the origin, of some
    thousand points. With colours it is the mean colour of the points that it shows. A pixel that shows
    nothing is 0.5.

    Args:
        xyz: ``(P, 3)`` finite, P >= 1; a single point and flat clouds are drawn too.
        colors: ``(P, 3)`` in [0, 1].
        size: Height and width of the images in pixels, at least 6.

    Returns:
        images: ``(3, size, size, 3)`` float32 in [0, 1].
        pixels: ``(3, P, 2)`` int64 (u, v) of each point in each image.

    Raises:
        ValueError: Naming ``xyz``, ``colors`` or ``size``, for another shape or values out of range.

    Source: arXiv 2212.06785, section 3.2; proj2img and I2P of models/I2P_MAE.py in
        github.com/ZrrSkywalker/I2P-MAE, which draws depths alone and fails on clouds without an extent.
    """
    xyz = np.asarray(xyz, dtype=np.float64)
    _check(xyz, colors, size)
    views = [xyz[:, order] for order in AXES]
    cells = [_cells(view[:, :2], size) for view in views]
    if colors is None:
        images = [_depth_image(cell, view[:, 2], size) for cell, view in zip(cells, views)]
    else:
        images = [_color_image(cell, np.asarray(colors, dtype=np.float64), size) for cell in cells]
    return np.stack(images).astype(np.float32), np.stack(cells)[..., ::-1].copy()


def _cells(plane: np.ndarray, size: int) -> np.ndarray:
    """(P, 2) int64 row and column of points (P, 2) in the plane of an image."""
    low = plane.min(axis=0)
    # leaves a pixel free on each side; the cell of the highest point begins where the others end
    grid = np.ptp(plane, axis=0).max() / (size - 3)
    cell = np.zeros(plane.shape) if grid == 0 else np.floor((plane - low) / grid)
    middle = np.floor((cell.max(axis=0) + 2) / 2)  # of the splats, as the released code rounds it
    return (cell + size // 2 - middle).astype(np.int64)


def _depth_image(cell: np.ndarray, depth: np.ndarray, size: int) -> np.ndarray:
    """(size, size, 3) sigmoid of the summed depths."""
    total = _splat(cell, depth[:, None], size)
    return np.repeat(1 / (1 + np.exp(-np.clip(total, -500, 500))), 3, axis=2)


def _color_image(cell: np.ndarray, colors: np.ndarray, size: int) -> np.ndarray:
    """(size, size, 3) mean colours, 0.5 where there is no point."""
    total = _splat(cell, np.concatenate([colors, np.ones((len(colors), 1))], axis=1), size)
    count = total[..., 3:]
    return np.where(count > 0, total[..., :3] / np.maximum(count, 1), 0.5)


def _splat(cell: np.ndarray, values: np.ndarray, size: int) -> np.ndarray:
    """(size, size, C) sums of the values (P, C) of the points that cover each pixel."""
    offset = np.arange(-SPLAT, SPLAT + 1)
    # what lies a pixel beyond the border counts at the border
    rows, columns = (np.clip(cell[:, axis, None] + offset, 0, size - 1) for axis in (0, 1))
    pixel = (rows[:, :, None] * size + columns[:, None, :]).ravel()
    repeats = len(offset) ** 2
    sums = [np.bincount(pixel, np.repeat(column, repeats), size * size) for column in values.T]
    return np.stack(sums, axis=1).reshape(size, size, -1)


def _check(xyz: np.ndarray, colors: np.ndarray | None, size: int) -> None:
    if xyz.ndim != 2 or xyz.shape[1] != 3 or len(xyz) == 0:
        raise ValueError(f'xyz must be (P, 3) with P >= 1, got {xyz.shape}')
    if not np.isfinite(xyz).all():
        raise ValueError('xyz must be finite, got NaN or infinity')
    if colors is not None and np.shape(colors) != xyz.shape:
        raise ValueError(f'colors must be {xyz.shape}, got {np.shape(colors)}')
    if colors is not None and not (np.min(colors) >= 0 and np.max(colors) <= 1):
        raise ValueError(f'colors must lie in [0, 1], got {np.min(colors)} .. {np.max(colors)}')
    if size < 2 * SPLAT + 2:
        raise ValueError(f'size must be at least {2 * SPLAT + 2}, got {size}')
