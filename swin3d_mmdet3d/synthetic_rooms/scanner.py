"""Virtual scan of a scene: points where a sensor sees the surfaces, with colour and normals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .lighting import Lighting
from .ray_caster import RayCaster
from .regions import Region, whole_room
from .scene import Scene, SceneMesh
from .sensors import Sensor
from .surroundings import Surroundings, chunks, fitted_normals, fused, surroundings
from .textures import noise
from .thinning import CELLS_A_PLANE, at_most, cell_of_spacing, one_a_cell
from .viewpoints import Views, choose_views, panorama_rays, seen_from

FEWEST_POINTS = 5  # an instance with fewer points is left out
PROBE_SAMPLES = 12000  # surface points that tell how much of the mesh is seen
PROBE_ROWS = 64  # of the panorama that tells the same of rays
OVERSAMPLING = 4  # random points a cell, so that few cells stay empty
SPARE = 1.4  # points beyond those asked for: some cells are empty, and thinning takes the rest away
MIN_SEEN = 60  # samples of a probe in the region, below which the whole room is scanned
ENOUGH = 1.1  # points before thinning, in those asked for
BLUR_SAMPLES = 4


@dataclass(frozen=True)
class RoomScan:
    """Points of a scan; P rows each.

    Attributes:
        xyz: (P, 3) float64 metres.
        rgb: (P, 3) float64, 0..255.
        normals: (P, 3) float64 unit, towards the sensor that saw the point.
        instance: (P,) int64 index of the scene's instance.
        stations: (T, 3) places of the sensor.
        station: (P,) int64 row of the station that saw the point.
        region: Kind of the part of the room that was scanned (see regions.SHARES).
    """

    xyz: np.ndarray
    rgb: np.ndarray
    normals: np.ndarray
    instance: np.ndarray
    stations: np.ndarray
    station: np.ndarray
    region: str = 'whole'


def scan_scene(
    rng: np.random.Generator,
    scene: Scene,
    mesh: SceneMesh,
    rays: RayCaster,
    lighting: Lighting,
    sensor: Sensor,
    max_points: int,
    region: Region | None = None,
) -> RoomScan:
    """Scan a scene: points as dense as the sensor has them, or evenly thinned to `max_points`.

    A region that holds next to nothing gives way to the whole room.
    """
    views = choose_views(rng, scene, sensor.views)
    region = whole_room() if region is None else region
    see = _panorama if sensor.panorama[0] else _by_spacing
    points, face, station, region = see(rng, mesh, rays, sensor, views, region, max_points)
    rows = _thinned(rng, points, mesh.instance[face], max_points)
    points, face, station = points[rows], face[rows], station[rows]
    ways = views.eyes[station] - points
    normals = _facing(mesh.normals[face], ways)
    parts = [
        _measure(rng, mesh, rays, lighting, sensor, points[part], face[part], normals[part], ways[part])
        for part in chunks(len(points))
    ]
    xyz, rgb, measured = (np.concatenate(column) for column in zip(*parts))
    return RoomScan(xyz, rgb, measured, mesh.instance[face], views.eyes, station, region.kind)


def _by_spacing(
    rng: np.random.Generator,
    mesh: SceneMesh,
    rays: RayCaster,
    sensor: Sensor,
    views: Views,
    region: Region,
    max_points: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, Region]:
    """Points of the surfaces that are seen, at the sensor's spacing or the wider one that suffices."""
    area = mesh.areas.sum()
    points, face = _sample(rng, mesh, PROBE_SAMPLES)
    inside = region.holds(points)
    seen = seen_from(views, mesh, rays, points[inside], face[inside]) >= 0
    if seen.sum() < MIN_SEEN:
        region, inside = whole_room(), np.ones(len(points), dtype=bool)
        seen = seen_from(views, mesh, rays, points, face) >= 0
    seen_area = max(seen.sum(), 1) / len(points) * area
    narrowest = cell_of_spacing(sensor.spacing)
    cell = max(narrowest, np.sqrt(CELLS_A_PLANE * seen_area / (SPARE * max_points)))
    while True:
        points, face = _sample(rng, mesh, int(OVERSAMPLING * CELLS_A_PLANE * area / cell**2))
        kept = np.flatnonzero(region.holds(points) & _returns(rng, mesh, face))
        kept = kept[one_a_cell(points[kept], cell)]
        station = seen_from(views, mesh, rays, points[kept], face[kept])
        kept, station = kept[station >= 0], station[station >= 0]
        if len(kept) > ENOUGH * max_points or cell <= narrowest:
            return points[kept], face[kept], station, region
        cell = max(narrowest, 0.8 * cell)  # wide cells hold several surfaces and give each too few points


def _panorama(
    rng: np.random.Generator,
    mesh: SceneMesh,
    rays: RayCaster,
    sensor: Sensor,
    views: Views,
    region: Region,
    max_points: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, Region]:
    """First hits of the rays of one panorama, of as many rows as suffice."""
    eye, columns_a_row = views.eyes[0], sensor.panorama[1] // sensor.panorama[0]

    def hits(rows: int) -> tuple[np.ndarray, np.ndarray]:
        ways = panorama_rays(rows, rows * columns_a_row)
        face, distance = rays.first_hits(np.broadcast_to(eye, ways.shape), ways)
        hit = (face >= 0) & (distance < sensor.views.max_range)
        return eye + ways[hit] * distance[hit, None], face[hit]

    points, _ = hits(PROBE_ROWS)
    inside = region.holds(points).sum()
    if inside < MIN_SEEN:
        region, inside = whole_room(), len(points)
    rows = int(PROBE_ROWS * np.sqrt(2 * max_points / inside)) + 1
    points, face = hits(min(rows, sensor.panorama[0]))
    kept = region.holds(points) & _returns(rng, mesh, face)
    return points[kept], face[kept], np.zeros(kept.sum(), dtype=np.int64), region


def _sample(rng: np.random.Generator, mesh: SceneMesh, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Random surface points, as many on each square metre, and their faces."""
    bounds = np.cumsum(mesh.areas)
    face = np.searchsorted(bounds, np.sort(rng.random(count)) * bounds[-1])
    face = np.minimum(face, len(mesh.areas) - 1)
    first, second = np.sort(rng.random((2, count)), axis=0)
    corner = mesh.vertices[mesh.faces[face]]
    share = np.stack([first, second - first, 1 - second], axis=1)
    return np.einsum('pk,pkc->pc', share, corner), face


def _returns(rng: np.random.Generator, mesh: SceneMesh, face: np.ndarray) -> np.ndarray:
    """(P,) bool: not lost in glass."""
    return rng.random(len(face)) < mesh.part_values('opacity')[mesh.part[face]]


def _thinned(rng: np.random.Generator, points: np.ndarray, instance: np.ndarray, count: int) -> np.ndarray:
    """Rows of at most `count` points, none of an instance that has too few of them to be one."""
    rows = np.arange(len(points))
    for _ in range(4):  # what the small instances leave free goes to the others
        chosen = rows[at_most(rng, points[rows], count)]
        left = np.bincount(instance[chosen], minlength=instance.max() + 1) >= FEWEST_POINTS
        if left[instance[chosen]].all():
            break
        rows = rows[left[instance[rows]]]
    return chosen[left[instance[chosen]]]


def _facing(normals: np.ndarray, towards: np.ndarray) -> np.ndarray:
    """Normals turned to the side of the vectors `towards`."""
    return np.where(np.einsum('ij,ij->i', normals, towards)[:, None] < 0, -normals, normals)


def _measure(
    rng: np.random.Generator,
    mesh: SceneMesh,
    rays: RayCaster,
    lighting: Lighting,
    sensor: Sensor,
    points: np.ndarray,
    face: np.ndarray,
    normals: np.ndarray,
    ways: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places, colours and normals of surface points as the sensor records them."""
    surface, around = sensor.surface, None
    if surface.samples:
        around = surroundings(rng, rays, points, normals, face, surface.radius, surface.samples)
    rgb = _colors(rng, mesh, rays, lighting, sensor, points, face, normals, around)
    xyz, measured = points, normals
    if surface.kind == 'fused':
        xyz, measured = fused(around, normals, mesh.normals)
    if surface.kind == 'pca':
        measured = fitted_normals(rng, around, normals, ways, surface.noise)
    if surface.wobble:
        xyz = xyz + surface.wobble * np.clip(noise(points * 4), -3, 3)[:, None] * normals
    if surface.noise:
        error = np.clip(rng.standard_normal((len(points), 1)), -3, 3) * surface.noise
        xyz = xyz + ways / np.linalg.norm(ways, axis=1, keepdims=True) * error
    return xyz, rgb, _facing(measured, ways)


def _colors(
    rng: np.random.Generator,
    mesh: SceneMesh,
    rays: RayCaster,
    lighting: Lighting,
    sensor: Sensor,
    points: np.ndarray,
    face: np.ndarray,
    normals: np.ndarray,
    around: Surroundings | None,
) -> np.ndarray:
    """(P, 3) colours as the sensor records them, whole numbers 0..255."""
    response = sensor.color
    albedo = mesh.albedo(points, face)
    if response.blur and around is not None:
        for step in range(BLUR_SAMPLES):
            albedo = albedo + mesh.albedo(around.places[:, step], around.face[:, step])
        albedo = albedo / (1 + BLUR_SAMPLES)
    shade = lighting.shade(rays, points, normals) + mesh.part_values('glow')[mesh.part[face]]
    light = albedo * shade[:, None] * lighting.balance
    if response.blotches:
        light *= np.exp(response.blotches * noise(points * 0.7))[:, None]
    rgb = response.respond(light) * 255 + rng.standard_normal(points.shape) * response.noise
    return np.clip(np.round(rgb), 0, 255)
