"""Edges of boxes: corners, a PLY of line segments, and lines over a picture."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw
from plyfile import PlyElement

from .ply_file import write_ply_elements
from .views import View

# Corner i lies at the high end of axis x, y, z where bit 0, 1, 2 of i is set.
_SIGNS = np.array([[i >> axis & 1 for axis in range(3)] for i in range(8)]) * 2.0 - 1
BOX_EDGES = np.array([(i, i | 1 << axis) for axis in range(3) for i in range(8) if not i >> axis & 1])
"""(12, 2) the corners that each edge of a box joins: four along x, four along y, four along z."""
_NEAREST = 0.05


def box_corners(center: np.ndarray, size: np.ndarray, yaw: np.ndarray | None = None) -> np.ndarray:
    """The corners of boxes.

    Args:
        center: (B, 3) in metres.
        size: (B, 3) full edge lengths in metres, not negative.
        yaw: (B,) turn about z in radians, counter-clockwise from above; None for none.

    Returns:
        (B, 8, 3) float64 in metres; `BOX_EDGES` joins them.

    Raises:
        ValueError: When shapes do not agree, a value is not finite or a size is negative.
    """
    center, size = np.asarray(center, dtype=np.float64), np.asarray(size, dtype=np.float64)
    yaw = np.zeros(len(center)) if yaw is None else np.asarray(yaw, dtype=np.float64)
    if (
        center.ndim != 2
        or center.shape[1] != 3
        or size.shape != center.shape
        or yaw.shape != center.shape[:1]
    ):
        raise ValueError(
            f'center, size, yaw: expected (B, 3), (B, 3), (B,), got {center.shape}, {size.shape}, {yaw.shape}'
        )
    if not (np.isfinite(center).all() and np.isfinite(size).all() and np.isfinite(yaw).all()):
        raise ValueError('center, size, yaw: expected finite numbers, got NaN or infinity')
    if size.size and size.min() < 0:
        raise ValueError(f'size: expected lengths of at least 0, got {size.min()}')
    offset = _SIGNS * size[:, None] / 2
    cos, sin = np.cos(yaw)[:, None], np.sin(yaw)[:, None]
    turned = np.stack(
        [
            cos * offset[..., 0] - sin * offset[..., 1],
            sin * offset[..., 0] + cos * offset[..., 1],
            offset[..., 2],
        ],
        axis=-1,
    )
    return center[:, None] + turned


def write_box_edges(
    path: str | os.PathLike, corners: np.ndarray, color: np.ndarray, comments: Sequence[str] = ()
) -> None:
    """Write boxes as a binary PLY of coloured line segments, for MeshLab and Blender.

    Args:
        path: The file; it appears whole or not at all.
        corners: (B, 8, 3) in metres from `box_corners`, written as float64.
        color: (B, 3) in 0..255, of each box.
        comments: Comment lines, such as a class and score for each box.

    Raises:
        ValueError: When there is not one colour for each box or a colour lies outside 0..255.
    """
    color = np.asarray(color)
    if color.shape != (len(corners), 3) or (color.size and not (color.min() >= 0 and color.max() <= 255)):
        raise ValueError(f'color: expected ({len(corners)}, 3) in 0..255, got shape {color.shape}')
    channels = ('red', 'green', 'blue')
    paint = [(channel, 'u1') for channel in channels]
    vertex = np.empty(8 * len(corners), dtype=[(axis, 'f8') for axis in 'xyz'] + paint)
    edge = np.empty(12 * len(corners), dtype=[('vertex1', 'i4'), ('vertex2', 'i4'), *paint])
    for i, axis in enumerate('xyz'):
        vertex[axis] = corners[..., i].reshape(-1)
    joined = (BOX_EDGES + 8 * np.arange(len(corners))[:, None, None]).reshape(-1, 2)
    edge['vertex1'], edge['vertex2'] = joined.T
    for i, channel in enumerate(channels):
        vertex[channel] = np.repeat(np.rint(color[:, i]), 8)
        edge[channel] = np.repeat(np.rint(color[:, i]), 12)
    elements = [PlyElement.describe(vertex, 'vertex'), PlyElement.describe(edge, 'edge')]
    write_ply_elements(path, elements, comments)


def project_edges(corners: np.ndarray, view: View, height: int, width: int) -> np.ndarray:
    """Where the edges of boxes fall in a picture.

    Args:
        corners: (B, 8, 3) in metres.
        view: The camera, as `rasterize` takes it.
        height, width: Of the picture in pixels.

    Returns:
        (B, 12, 2, 2) float64 column and row of both ends of each edge in pixels; NaN for an edge that lies
        behind the camera. An edge that passes the camera is cut off at 5 cm before it.
    """
    camera = (corners - np.asarray(view.eye)) @ view.axes().T
    ends = camera[:, BOX_EDGES]
    depth = ends[..., 2]
    behind = depth < _NEAREST
    with np.errstate(divide='ignore', invalid='ignore'):
        share = ((_NEAREST - depth) / (depth[..., ::-1] - depth))[..., None]
        ends = np.where(behind[..., None], ends + share * (ends[..., ::-1, :] - ends), ends)
    ends[behind.all(axis=-1)] = np.nan
    focal = height / 2 / np.tan(np.radians(view.field_of_view / 2))
    middle = np.array([width / 2, height / 2])
    with np.errstate(invalid='ignore'):
        return focal * ends[..., :2] / ends[..., 2:] + middle


def draw_box_edges(
    image: np.ndarray, corners: np.ndarray, color: np.ndarray, view: View, line_width: int = 2
) -> np.ndarray:
    """Draw the edges of boxes over a picture of `render_points` from the same view.

    Args:
        image: (H, W, 3) uint8.
        corners: (B, 8, 3) in metres.
        color: (B, 3) in 0..255, of each box; the first box is drawn over the others.
        view: The camera of the picture.
        line_width: In pixels.

    Returns:
        (H, W, 3) uint8, a copy.
    """
    picture = Image.fromarray(image)
    draw = ImageDraw.Draw(picture)
    edges = project_edges(corners, view, *image.shape[:2])
    for box, own_color in zip(edges[::-1], np.asarray(color)[::-1]):
        fill = tuple(int(channel) for channel in own_color)
        for start, end in box[np.isfinite(box).all(axis=(1, 2))]:
            draw.line((*np.floor(start), *np.floor(end)), fill=fill, width=line_width)
    return np.asarray(picture)
