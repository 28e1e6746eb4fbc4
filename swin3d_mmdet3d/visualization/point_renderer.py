"""Point renderer: draw a coloured point cloud with a z-buffer, without a display."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from .views import View

_BACKGROUND = (255, 255, 255)
SHAPE_COLOR = (190, 196, 204)
"""Of points without a colour, before they are shaded."""
_MAX_RADIUS = 14
_SHADING = 12.0


def render_points(
    xyz: np.ndarray,
    color: np.ndarray,
    view: View,
    height: int = 480,
    width: int = 640,
    point_size: float | np.ndarray | None = None,
    shading: bool = True,
) -> np.ndarray:
    """A picture of a point cloud; nearer points hide farther ones.

    Args:
        xyz: (P, 3) coordinates in metres.
        color: (P, 3) in 0..255.
        view: The camera.
        height, width: Of the picture in pixels.
        point_size: Diameter in metres of the disc that a point covers, one for all or (P,); by
            default `point_sizes(xyz)`, so that surfaces close.
        shading: Darken edges in depth, which makes shapes of one colour readable.

    Returns:
        (height, width, 3) uint8.

    Raises:
        ValueError: For shapes that do not fit or values out of range.
    """
    if len(color) != len(xyz):
        raise ValueError(f'color: expected one for each of {len(xyz)} points, got {len(color)}')
    index, depth = rasterize(xyz, view, height, width, point_size)
    return paint(np.asarray(color), index, depth, shading)


def rasterize(
    xyz: np.ndarray,
    view: View,
    height: int,
    width: int,
    point_size: float | np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Which point each pixel shows.

    A point at camera coordinates (x, y, z) falls on pixel floor(f x / z + width / 2),
    floor(f y / z + height / 2), with f = height / 2 / tan(field of view / 2), and covers the disc
    of `point_size` around it.

    Args:
        xyz: (P, 3) coordinates in metres, finite.
        view: The camera.
        height, width: Of the picture in pixels.
        point_size: In metres, one or (P,), or None for `point_sizes(xyz)`.

    Returns:
        index (height, width) int64 row of `xyz`, -1 for background; depth (height, width) float64
        in metres along the line of sight, infinite for background.
    """
    xyz = np.asarray(xyz, dtype=np.float64)
    if xyz.ndim != 2 or xyz.shape[1] != 3 or not np.isfinite(xyz).all():
        raise ValueError(f'xyz: expected finite coordinates (P, 3), got shape {xyz.shape}')
    if height < 1 or width < 1:
        raise ValueError(f'height, width: expected at least 1, got {height}, {width}')
    point_size = point_sizes(xyz) if point_size is None else np.broadcast_to(point_size, len(xyz))
    camera = (xyz - np.asarray(view.eye)) @ view.axes().T
    rows = np.flatnonzero(camera[:, 2] > 1e-6)
    # Far to near: where one assignment writes a pixel twice, the nearer point comes last and stays.
    rows = rows[np.argsort(-camera[rows, 2], kind='stable')]
    x, y, z = camera[rows].T
    focal = height / 2 / np.tan(np.radians(view.field_of_view / 2))
    column = np.floor(focal * x / z + width / 2)
    row = np.floor(focal * y / z + height / 2)
    radius = np.minimum(focal * point_size[rows] / 2 / z, _MAX_RADIUS)
    return _splat(rows, column, row, z, radius, (height, width))


def paint(color: np.ndarray, index: np.ndarray, depth: np.ndarray, shading: bool = True) -> np.ndarray:
    """Give the pixels of `rasterize` the colours of their points.

    Args:
        color: (P, 3) in 0..255.
        index, depth: (H, W) from `rasterize`.
        shading: Darken edges in depth.

    Returns:
        (H, W, 3) uint8, white where no point is seen.
    """
    image = np.full((*index.shape, 3), _BACKGROUND, dtype=np.float64)
    seen = index >= 0
    image[seen] = color[index[seen]]
    if shading:
        image[seen] *= _edge_light(depth)[seen][:, None]
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def point_sizes(xyz: np.ndarray) -> np.ndarray:
    """The disc diameter of every point that closes the surface around it.

    It is the distance to the sixth neighbour: scans and meshes are several times denser on furniture
    than on bare walls. Stragglers are held to three times the median.

    Args:
        xyz: (P, 3) coordinates in metres.

    Returns:
        (P,) float64 in metres.
    """
    if len(xyz) < 2:
        return np.full(len(xyz), 0.01)
    distance, _ = cKDTree(xyz).query(xyz, k=[min(7, len(xyz))])
    size = 1.2 * distance[:, 0]
    return np.clip(size, 0, 3 * np.median(size))


def _splat(
    rows: np.ndarray,
    column: np.ndarray,
    row: np.ndarray,
    z: np.ndarray,
    radius: np.ndarray,
    shape: tuple[int, int],
) -> tuple[np.ndarray, np.ndarray]:
    """Draw a disc of `radius` pixels for every point; the points come sorted from far to near."""
    height, width = shape
    index = np.full(height * width, -1, dtype=np.int64)
    depth = np.full(height * width, np.inf)
    reach = int(radius.max()) if len(radius) else 0
    offsets = np.mgrid[-reach : reach + 1, -reach : reach + 1].reshape(2, -1).T
    lengths = np.hypot(*offsets.T)
    large = np.arange(len(radius))
    for (dy, dx), length in sorted(zip(offsets.tolist(), lengths), key=lambda entry: entry[1]):
        # The centre pixel always shows its point, however small the disc.
        large = large[radius[large] >= length] if length else large
        c, r = column[large] + dx, row[large] + dy
        inside = (c >= 0) & (c < width) & (r >= 0) & (r < height)
        draw, pixel = large[inside], (r[inside] * width + c[inside]).astype(np.int64)
        nearer = z[draw] < depth[pixel]
        draw, pixel = draw[nearer], pixel[nearer]
        depth[pixel] = z[draw]
        index[pixel] = rows[draw]
    return index.reshape(shape), depth.reshape(shape)


def _edge_light(depth: np.ndarray) -> np.ndarray:
    """Eye-dome lighting: (H, W) factors in (0, 1], dark where neighbouring pixels are nearer.

    Source: Boucheny, "Interactive scientific visualization of large datasets", thesis 2009.
    """
    seen = np.isfinite(depth)
    far = depth[seen].max() if seen.any() else 1.0
    log_depth = np.log2(np.where(seen, depth, far))
    padded = np.pad(log_depth, 1, mode='edge')
    height, width = depth.shape
    obscurance = np.zeros(depth.shape)
    for dy, dx in ((0, 1), (2, 1), (1, 0), (1, 2)):
        step = log_depth - padded[dy : dy + height, dx : dx + width]
        obscurance += np.maximum(step, 0) / 4
    return np.exp(-_SHADING * np.minimum(obscurance, 0.08))
