"""Virtual scan of a scene: points where a scanner sees the surfaces, with colour and normals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .domains import SensorStyle
from .lighting import Lighting
from .ray_caster import RayCaster
from .scene import Scene, SceneMesh
from .textures import noise

OVERSAMPLING = 2.2
MIN_INSTANCE_POINTS = 100  # an instance that can be seen gets at least so many points, if it has them
FEWEST_POINTS = 40  # an instance with fewer visible points is left out
ROUNDS = 4
SHELL = ('floor', 'ceiling', 'wall')
OBJECT_DENSITY = 2.0  # points per area on objects, relative to the shell


@dataclass(frozen=True)
class RoomScan:
    """Points of a scan; P rows each.

    Attributes:
        xyz: (P, 3) float64 metres.
        rgb: (P, 3) float64, 0..255.
        normals: (P, 3) float64 unit, towards the scanner that saw the point.
        instance: (P,) int64 index of the scene's instance.
        stations: (T, 3) places of the scanner.
        station: (P,) int64 row of the station that saw the point.
    """

    xyz: np.ndarray
    rgb: np.ndarray
    normals: np.ndarray
    instance: np.ndarray
    stations: np.ndarray
    station: np.ndarray


def spread_spots(rng: np.random.Generator, spots: np.ndarray, count: int) -> np.ndarray:
    """(count, 2) of the places (S, 2), each far from those before; all if there are fewer."""
    chosen = [int(rng.integers(len(spots)))]
    distance = np.full(len(spots), np.inf)
    while len(chosen) < min(count, len(spots)):
        distance = np.minimum(distance, np.linalg.norm(spots - spots[chosen[-1]], axis=1))
        chosen.append(int(np.argmax(distance * rng.uniform(0.7, 1.0, len(spots)))))
    return spots[chosen]


def scan_scene(
    rng: np.random.Generator,
    scene: Scene,
    mesh: SceneMesh,
    rays: RayCaster,
    lighting: Lighting,
    style: SensorStyle,
    num_points: int,
) -> RoomScan:
    """Scan a scene from several stations and keep `num_points` points, evenly spread."""
    count = int(rng.integers(style.stations[0], style.stations[1] + 1))
    spots = spread_spots(rng, scene.free_spots, count)
    stations = np.column_stack([spots, rng.uniform(*style.eye_height, len(spots))])
    holes = rng.uniform(-20, 20, 3)
    found = []
    for _ in range(ROUNDS):
        points, face = _sample(rng, mesh, int(num_points * OVERSAMPLING))
        station = _first_station(mesh, rays, style, stations, points, face)
        seen = (station >= 0) & _survives(rng, mesh, style, points, face, holes)
        found.append((points[seen], face[seen], station[seen]))
        if sum(len(it[0]) for it in found) >= 1.4 * num_points:
            break
    points, face, station = (np.concatenate(column) for column in zip(*found))
    rows = _choose(rng, mesh, points, face, num_points)
    points, face, station = points[rows], face[rows], station[rows]
    normals = _facing(mesh.normals[face], stations[station] - points)
    rgb = _colors(rng, mesh, rays, lighting, style, points, face, normals)
    noisy = points + _position_error(rng, style, points, stations[station])
    return RoomScan(noisy, rgb, normals, mesh.instance[face], stations, station)


def _sample(rng: np.random.Generator, mesh: SceneMesh, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Random surface points; faces of small instances get more than their area's share."""
    area = np.bincount(mesh.instance, mesh.areas, minlength=len(mesh.kinds))
    share = area * _density(mesh)
    wanted = np.maximum(count * share / share.sum(), 4 * MIN_INSTANCE_POINTS)
    weight = mesh.areas * (wanted / np.maximum(area, 1e-9))[mesh.instance]
    bounds = np.cumsum(weight)
    face = np.searchsorted(bounds, rng.random(int(wanted.sum())) * bounds[-1])
    first, second = np.sort(rng.random((2, len(face))), axis=0)
    share = np.stack([first, second - first, 1 - second], axis=1)
    return np.einsum('pk,pkc->pc', share, mesh.vertices[mesh.faces[face]]), face


def _density(mesh: SceneMesh) -> np.ndarray:
    """(instances,) points per area relative to the shell's."""
    return np.array([1.0 if kind in SHELL else OBJECT_DENSITY for kind in mesh.kinds])


def _first_station(
    mesh: SceneMesh,
    rays: RayCaster,
    style: SensorStyle,
    stations: np.ndarray,
    points: np.ndarray,
    face: np.ndarray,
) -> np.ndarray:
    """(P,) nearest station in whose view each point lies; -1 for none."""
    best = np.full(len(points), -1)
    nearest = np.full(len(points), np.inf)
    for index, station in enumerate(stations):
        way = station - points
        distance = np.linalg.norm(way, axis=1)
        cosine = np.einsum('ij,ij->i', way, mesh.normals[face]) / distance
        elevation = np.arcsin(np.clip(-way[:, 2] / distance, -1, 1))
        candidate = (distance < np.minimum(nearest, style.max_range)) & (cosine > style.min_cosine)
        candidate &= (elevation > style.elevation[0]) & (elevation < style.elevation[1])
        rows = np.flatnonzero(candidate)
        rows = rows[rays.sees(station, points[rows])]
        best[rows], nearest[rows] = index, distance[rows]
    return best


def _survives(
    rng: np.random.Generator,
    mesh: SceneMesh,
    style: SensorStyle,
    points: np.ndarray,
    face: np.ndarray,
    holes: np.ndarray,
) -> np.ndarray:
    """(P,) bool: not lost in a hole of the scan nor in glass."""
    returned = rng.random(len(points)) < mesh.part_values('opacity')[mesh.part[face]]
    if style.dropouts == 0:
        return returned
    level = noise((points + holes) * 0.5)
    limit = np.quantile(level, 1 - style.dropouts)
    return returned & (level < limit)


def _choose(
    rng: np.random.Generator, mesh: SceneMesh, points: np.ndarray, face: np.ndarray, count: int
) -> np.ndarray:
    """Rows of `count` points: first some of every instance, then one per cell, then any."""
    instance = mesh.instance[face]
    seen = np.bincount(instance, minlength=len(mesh.kinds))
    rows = rng.permutation(np.flatnonzero(seen[instance] >= FEWEST_POINTS))
    order = np.argsort(instance[rows], kind='stable')
    ranks = np.empty(len(rows), dtype=np.int64)
    starts = np.searchsorted(instance[rows][order], instance[rows][order])
    ranks[order] = np.arange(len(rows)) - starts
    cell = 0.7 * np.sqrt(mesh.areas[np.unique(face)].sum() / count)
    fine = cell / np.sqrt(_density(mesh)[instance[rows], None])
    keys = np.floor(points[rows] / fine).astype(np.int64) @ [1, 4096, 4096**2]
    first = np.zeros(len(rows), dtype=bool)
    first[np.unique(keys, return_index=True)[1]] = True
    priority = np.where(ranks < MIN_INSTANCE_POINTS, 0, np.where(first, 1, 2))
    return rows[np.argsort(priority, kind='stable')[:count]]


def _facing(normals: np.ndarray, towards: np.ndarray) -> np.ndarray:
    """Normals turned to the side of the vectors `towards`."""
    return np.where(np.einsum('ij,ij->i', normals, towards)[:, None] < 0, -normals, normals)


def _colors(
    rng: np.random.Generator,
    mesh: SceneMesh,
    rays: RayCaster,
    lighting: Lighting,
    style: SensorStyle,
    points: np.ndarray,
    face: np.ndarray,
    normals: np.ndarray,
) -> np.ndarray:
    """(P, 3) colours as the sensor records them, whole numbers 0..255."""
    glow = mesh.part_values('glow')[mesh.part[face]]
    shade = lighting.shade(rays, points, normals) + glow
    rgb = mesh.albedo(points, face) * shade[:, None] * lighting.balance * 255
    if style.blotches:
        rgb *= np.exp(style.blotches * noise(points * 0.7 + rng.uniform(-20, 20, 3)))[:, None]
    rgb += rng.normal(0, 1, rgb.shape) * style.color_noise
    return np.clip(np.round(rgb), 0, 255)


def _position_error(
    rng: np.random.Generator, style: SensorStyle, points: np.ndarray, stations: np.ndarray
) -> np.ndarray:
    """(P, 3) error in metres: along the ray, growing with distance, at most three deviations."""
    way = points - stations
    distance = np.linalg.norm(way, axis=1, keepdims=True)
    error = np.clip(rng.normal(0, 1, (len(points), 1)), -3, 3) * style.position_noise
    return way / distance * error * np.clip(distance / 3, 0.4, 1.0)
