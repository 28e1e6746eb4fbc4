"""Normals: of a point cloud by local principal components, of a mesh by its faces."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

# Points a pass, so that the (points, k, 3) neighbourhoods of a large scan stay below 100 MB.
_CHUNK = 1 << 16

# Below these a face of a mesh has no direction; trimesh's limits.
_NO_AREA = 100 * np.finfo(np.float64).eps  # m^2, of twice the area
_NO_ANGLE = 1e-8  # radians


def estimate_normals(xyz: np.ndarray, k: int = 16, viewpoint: np.ndarray | None = None) -> np.ndarray:
    """Normals of a point cloud by principal component analysis of each point's k neighbours.

    The normal is the eigenvector of the smallest eigenvalue of the neighbourhood's covariance. Its
    sign is not in the data: it is turned towards `viewpoint`, by default `room_viewpoint(xyz)`,
    since an indoor scan is taken from inside the room. Mesh normals know the free side of every
    surface, so the two may differ in sign on furniture that stands above the viewpoint or turns
    its back on it.

    Where the neighbours lie on a line or in one point there is no such eigenvector; the normal is
    then the unit vector across the line nearest to +z.

    Args:
        xyz: (P, 3) coordinates in metres, finite, P >= 1.
        k: Neighbours of each point, itself among them; the cloud's size where that is smaller.
        viewpoint: (3,) point in metres.

    Returns:
        (P, 3) float32 unit vectors.

    Raises:
        ValueError: For another shape, an empty cloud, coordinates that are not finite, or k < 3.

    Source: Hoppe et al., "Surface reconstruction from unorganized points", SIGGRAPH 1992, 3.1.
    """
    xyz = _checked_points('xyz', xyz)
    if k < 3:
        raise ValueError(f'k: expected at least 3 neighbours, got {k}')
    if viewpoint is None:
        viewpoint = room_viewpoint(xyz)
    viewpoint = np.asarray(viewpoint, dtype=np.float64)
    if viewpoint.shape != (3,) or not np.isfinite(viewpoint).all():
        raise ValueError(f'viewpoint: expected three finite coordinates, got {viewpoint}')
    # Far from the origin the covariance would lose its digits.
    origin = xyz.mean(axis=0)
    xyz, viewpoint = xyz - origin, viewpoint - origin
    tree = cKDTree(xyz)
    normal = np.empty((len(xyz), 3), dtype=np.float32)
    for start in range(0, len(xyz), _CHUNK):
        # In the order of the tree's leaves neighbours share the cache: three times the speed.
        rows = tree.indices[start : start + _CHUNK]
        chunk = xyz[rows]
        _, index = tree.query(chunk, k=np.arange(1, min(k, len(xyz)) + 1))
        plane = _plane_normals(xyz[index])
        normal[rows] = _turn_towards(plane, viewpoint - chunk)
    return normal


def room_viewpoint(xyz: np.ndarray) -> np.ndarray:
    """The point that normals of an indoor scan face by default.

    It lies over the middle of the bounding box, at three quarters of its height: floors and table
    tops then face up, the ceiling down and walls inwards.

    Args:
        xyz: (P, 3) coordinates in metres, z up.

    Returns:
        (3,) float64 point in metres.
    """
    low, high = xyz.min(axis=0).astype(np.float64), xyz.max(axis=0).astype(np.float64)
    return low + (high - low) * np.array([0.5, 0.5, 0.75])


def vertex_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Normals of a mesh's vertices: the sum of their faces' unit normals weighted by the corner's angle.

    How a surface is cut into triangles then does not matter: a corner of a box gets the same normal whether
    one triangle or two of a side meet there. Faces without an area (two of their corners in one place, or all
    three on a line) have no say.

    Args:
        vertices: (P, 3) coordinates in metres.
        faces: (F, 3) vertex indices, counter-clockwise seen from outside.

    Returns:
        (P, 3) float32 unit vectors; 0 for a vertex of no face with an area, or whose faces cancel out.

    Raises:
        ValueError: For other shapes, no vertices, or an index that is no vertex.

    Source: Thuermer & Wuethrich, "Computing vertex normals from polygonal facets", JGT 3:1, 1998; trimesh's
        `vertex_normals`, from which the original takes those of ScanNet's meshes.
    """
    vertices = _checked_points('vertices', vertices)
    faces = np.asarray(faces)
    if faces.ndim != 2 or faces.shape[1] != 3 or faces.dtype.kind not in 'iu':
        raise ValueError(f'faces: expected integers (F, 3), got {faces.dtype} {faces.shape}')
    if faces.size and (faces.min() < 0 or faces.max() >= len(vertices)):
        raise ValueError(
            f'faces: expected indices 0..{len(vertices) - 1}, got {faces.min()} .. {faces.max()}'
        )
    normal, angle = _face_normals_and_angles(vertices[faces])
    corner = faces.ravel()
    total = np.stack(
        [np.bincount(corner, (angle * normal[:, axis, None]).ravel(), len(vertices)) for axis in range(3)],
        axis=1,
    )
    length = np.linalg.norm(total, axis=1, keepdims=True)
    has_normal = length > _NO_AREA
    return np.where(has_normal, total / np.where(has_normal, length, 1), 0.0).astype(np.float32)


def _face_normals_and_angles(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Unit normals (F, 3) of triangles (F, 3, 3), and their angles (F, 3) in radians; 0 where degenerate."""
    edge = np.roll(corners, -1, axis=1) - corners  # from each corner to the next
    back = -np.roll(edge, 1, axis=1)  # from each corner to the one before
    cross = np.cross(edge[:, 0], back[:, 0])
    area = np.linalg.norm(cross, axis=1, keepdims=True)
    # Not from the cosine: near 0 and pi it has half of the digits.
    angle = np.arctan2(area, np.einsum('fci,fci->fc', edge, back))
    whole = (area > _NO_AREA) & (angle >= _NO_ANGLE).all(axis=1, keepdims=True)
    return np.where(whole, cross / np.where(whole, area, 1), 0.0), np.where(whole, angle, 0.0)


def _plane_normals(neighbours: np.ndarray) -> np.ndarray:
    """(n, k, 3) neighbourhoods -> (n, 3) unit normals of either sign."""
    offset = neighbours - neighbours.mean(axis=1, keepdims=True)
    # eigh sorts the eigenvalues from the smallest up.
    value, vector = np.linalg.eigh(np.matmul(offset.transpose(0, 2, 1), offset))
    normal = vector[:, :, 0]
    no_plane = value[:, 1] <= 1e-12 * value[:, 2]
    normal[no_plane] = _across_line(vector[no_plane, :, 2], value[no_plane, 2] > 0)
    return normal


def _across_line(direction: np.ndarray, is_line: np.ndarray) -> np.ndarray:
    """(n, 3) unit vectors across each line, nearest to +z; +z itself where there is no line."""
    direction = direction * is_line[:, None]
    up = np.array([0.0, 0.0, 1.0]) - direction * direction[:, 2:]
    # Across a vertical line every horizontal vector is equally near; take x.
    vertical = np.linalg.norm(up, axis=1) < 1e-6
    up[vertical] = [1.0, 0.0, 0.0]
    return up / np.linalg.norm(up, axis=1, keepdims=True)


def _turn_towards(normal: np.ndarray, sight: np.ndarray) -> np.ndarray:
    """Flip each of `normal` (n, 3) that points away from `sight` (n, 3); seen edge-on, from -z."""
    cosine = np.einsum('ni,ni->n', normal, sight)
    away = (cosine < 0) | ((cosine == 0) & (normal[:, 2] < 0))
    return np.where(away[:, None], -normal, normal)


def _checked_points(name: str, points: np.ndarray) -> np.ndarray:
    """`points` as float64 (P, 3)."""
    points = np.asarray(points, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 3 or len(points) == 0:
        raise ValueError(f'{name}: expected shape (P, 3) with P >= 1, got {points.shape}')
    if not np.isfinite(points).all():
        raise ValueError(f'{name}: expected finite coordinates, got NaN or infinity')
    return points
