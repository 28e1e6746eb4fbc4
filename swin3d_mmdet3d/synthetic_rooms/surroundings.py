"""The surface around scanned points, found by short rays: what fusion averages and normals are fitted to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .ray_caster import RayCaster

LIFT = 1.0  # height of the rays' start above a point, in radii
TRUNCATION = 1.6  # longest ray, in its length on a flat surface; farther surfaces are another one's
_CHUNK = 1 << 16  # points a pass, so that memory stays below 200 MB
_GOLDEN = np.pi * (3 - np.sqrt(5))


@dataclass(frozen=True)
class Surroundings:
    """K places around each of P points.

    Attributes:
        places: (P, K, 3) metres; beyond an edge, where the truncated ray ends.
        face: (P, K) face of the mesh; the point's own where the ray met none within the truncation.
        met: (P, K) bool: whether the ray met a surface.
    """

    places: np.ndarray
    face: np.ndarray
    met: np.ndarray


def surroundings(
    rng: np.random.Generator,
    rays: RayCaster,
    points: np.ndarray,
    normals: np.ndarray,
    face: np.ndarray,
    radius: float,
    count: int,
) -> Surroundings:
    """Places on the surface within a radius of points, as seen from right above each.

    Args:
        rng: Source of the turn of each point's pattern.
        rays: Ray caster of the mesh.
        points: (P, 3) on the surface, metres.
        normals: (P, 3) unit, to the free side.
        face: (P,) face of each point.
        radius: Of the pattern, metres.
        count: K, places of each point: a disc filled evenly by the golden angle (Vogel 1979).
    """
    step = np.arange(count)
    reach = radius * np.sqrt((step + 0.5) / count)
    turn = rng.uniform(0, 2 * np.pi, (len(points), 1)) + step * _GOLDEN
    first, second = _tangents(normals)
    aside = (reach * np.cos(turn))[..., None] * first[:, None]
    aside += (reach * np.sin(turn))[..., None] * second[:, None]
    raised = normals * radius * LIFT
    ways = (aside - raised[:, None]).reshape(-1, 3)
    eyes = np.repeat(points + raised, count, axis=0)
    met_face, share = rays.first_hits(eyes, ways)
    met = share <= TRUNCATION
    places = eyes + ways * np.minimum(share, TRUNCATION)[:, None]
    own = np.where(met, met_face, np.repeat(face, count))
    shape = (len(points), count)
    return Surroundings(places.reshape(*shape, 3), own.reshape(shape), met.reshape(shape))


def chunks(count: int) -> list[slice]:
    """Slices of at most _CHUNK rows that cover `count` rows."""
    return [slice(start, start + _CHUNK) for start in range(0, count, _CHUNK)]


def fused(around: Surroundings, normals: np.ndarray, face_normals: np.ndarray) -> tuple:
    """Means over the surroundings, as a fused surface has them.

    Args:
        around: Of P points.
        normals: (P, 3) unit, to the free side.
        face_normals: (F, 3) of the mesh.

    Returns:
        (P, 3) places and (P, 3) unit normals.
    """
    turned = face_normals[around.face]
    turned = np.where(np.einsum('pkc,pc->pk', turned, normals)[..., None] < 0, -turned, turned)
    mean = turned.mean(axis=1)
    length = np.linalg.norm(mean, axis=1, keepdims=True)
    return around.places.mean(axis=1), np.where(length > 1e-6, mean / np.maximum(length, 1e-6), normals)


def fitted_normals(
    rng: np.random.Generator, around: Surroundings, normals: np.ndarray, ways: np.ndarray, noise: float
) -> np.ndarray:
    """Normals by principal components of noisy surroundings, turned to the scanner.

    Args:
        rng: Source of the noise.
        around: Of P points.
        normals: (P, 3) unit; kept where fewer than three places were met.
        ways: (P, 3) from the points to the scanner.
        noise: Deviation of the places along the way, metres.

    Returns:
        (P, 3) unit normals.
    """
    unit = ways / np.linalg.norm(ways, axis=1, keepdims=True)
    error = rng.standard_normal(around.met.shape) * noise
    places = around.places + error[..., None] * unit[:, None]
    weight = around.met[..., None]
    count = np.maximum(weight.sum(axis=1, keepdims=True), 1)
    centred = (places - (places * weight).sum(axis=1, keepdims=True) / count) * weight
    plane = np.linalg.eigh(np.einsum('pki,pkj->pij', centred, centred))[1][:, :, 0]
    plane = np.where(np.einsum('pc,pc->p', plane, unit)[:, None] < 0, -plane, plane)
    return np.where(count[:, 0] >= 3, plane, normals)


def _tangents(normals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two (P, 3) unit vectors across unit normals (P, 3) and each other."""
    axis = np.eye(3)[np.abs(normals).argmin(axis=1)]
    first = np.cross(normals, axis)
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    return first, np.cross(normals, first)
