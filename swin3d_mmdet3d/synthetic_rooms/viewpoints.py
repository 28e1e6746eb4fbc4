"""Where a sensor looks from in a room, and what it sees from there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .ray_caster import RayCaster
from .scene import Scene, SceneMesh
from .sensors import Viewpoints


@dataclass(frozen=True)
class Views:
    """Places and directions of view, T of them.

    Attributes:
        eyes: (T, 3) metres.
        azimuth: (T,) direction of the view's middle in the plan, radians.
        elevation: (T, 2) lowest and highest angle above the horizon, radians.
        kind: What they were drawn from.
    """

    eyes: np.ndarray
    azimuth: np.ndarray
    elevation: np.ndarray
    kind: Viewpoints


def spread_spots(rng: np.random.Generator, spots: np.ndarray, count: int) -> np.ndarray:
    """(count, 2) of the places (S, 2), each far from those before; all if there are fewer."""
    chosen = [int(rng.integers(len(spots)))]
    distance = np.full(len(spots), np.inf)
    while len(chosen) < min(count, len(spots)):
        distance = np.minimum(distance, np.linalg.norm(spots - spots[chosen[-1]], axis=1))
        chosen.append(int(np.argmax(distance * rng.uniform(0.7, 1.0, len(spots)))))
    return spots[chosen]


def choose_views(rng: np.random.Generator, scene: Scene, kind: Viewpoints) -> Views:
    """Draw the views of a room: a scanner's places, or those of a camera that somebody carries about."""
    count = int(rng.integers(kind.count[0], kind.count[1] + 1))
    spots = spread_spots(rng, scene.free_spots, count)
    spots = spots[np.arange(count) % len(spots)] if kind.field[0] < 6 else spots
    eyes = np.column_stack([spots, rng.uniform(*kind.eye_height, len(spots))])
    if kind.count[1] == 1:  # a panorama is taken near the middle of a room
        middle = np.linalg.norm(scene.free_spots - scene.size[:2] / 2, axis=1).argmin()
        eyes[:, :2] = scene.free_spots[middle]
    targets = rng.uniform(0, scene.size[:2], (len(eyes), 2))
    azimuth = np.arctan2(*(targets - eyes[:, :2])[:, ::-1].T)
    if kind.field[0] < 6:
        middle = rng.uniform(*kind.elevation, len(eyes))
        elevation = middle[:, None] + np.array([-0.5, 0.5]) * kind.field[1]
    else:
        elevation = np.tile(kind.elevation, (len(eyes), 1))
    return Views(eyes, azimuth, elevation, kind)


def seen_from(
    views: Views, mesh: SceneMesh, rays: RayCaster, points: np.ndarray, face: np.ndarray
) -> np.ndarray:
    """(P,) first view in which each surface point (P, 3) of the faces (P,) lies; -1 for none."""
    view = np.full(len(points), -1)
    left = np.arange(len(points))
    normals = mesh.normals[face]
    for index, eye in enumerate(views.eyes):
        way = eye - points[left]
        distance = np.linalg.norm(way, axis=1)
        cosine = np.einsum('ij,ij->i', way, normals[left]) / distance
        elevation = np.arcsin(np.clip(-way[:, 2] / distance, -1, 1))
        low, high = views.elevation[index]
        inside = (distance < views.kind.max_range) & (cosine > views.kind.min_cosine)
        inside &= (elevation > low) & (elevation < high)
        aside = np.arctan2(-way[:, 1], -way[:, 0]) - views.azimuth[index]
        inside &= np.abs((aside + np.pi) % (2 * np.pi) - np.pi) <= views.kind.field[0] / 2
        rows = left[inside]
        if len(rows):
            view[rows[rays.sees(eye, points[rows])]] = index
        left = left[view[left] < 0]
    return view


def panorama_rays(rows: int, columns: int) -> np.ndarray:
    """(rows * columns, 3) unit directions through the middles of an equirectangular image's pixels."""
    elevation = (0.5 - (np.arange(rows) + 0.5) / rows) * np.pi
    azimuth = (np.arange(columns) + 0.5) / columns * 2 * np.pi
    up, around = np.meshgrid(elevation, azimuth, indexing='ij')
    flat = np.cos(up)
    return np.stack([flat * np.cos(around), flat * np.sin(around), np.sin(up)], axis=-1).reshape(-1, 3)
