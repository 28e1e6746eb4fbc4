"""Posed RGB-D frames of a scene, rendered by rays from where people hold a camera."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from ..atomic_write import atomic_folder
from ..datasets.layout.frames import write_frame, write_intrinsic
from ..geometry.camera import intrinsic_matrix, look_at, pixel_grid, unproject
from .lighting import Lighting
from .ray_caster import RayCaster
from .scene import Scene, SceneMesh
from .sensors import Sensor
from .textures import noise
from .viewpoints import spread_spots

HORIZONTAL_VIEW = np.deg2rad(62.0)
MIN_MEAN_DEPTH = 1.0  # metres; closer views show little of the room
DEPTH_LIMIT = 10.0  # metres; farther than that no depth is measured
JPEG_OPTIONS = (cv2.IMWRITE_JPEG_QUALITY, 92)
PNG_OPTIONS = (cv2.IMWRITE_PNG_COMPRESSION, 1)


def write_frames(
    rng: np.random.Generator,
    folder: Path,
    scene: Scene,
    mesh: SceneMesh,
    rays: RayCaster,
    lighting: Lighting,
    sensor: Sensor,
    seen: np.ndarray,
    to_file: np.ndarray,
    count: int,
    size: tuple[int, int],
) -> list[Path]:
    """Write `count` frames, all of them or none.

    Args:
        rng: Source of all choices.
        folder: Where the frames go; must not exist.
        scene: Where somebody can stand.
        mesh: The surfaces.
        rays: Ray caster of the mesh.
        lighting: Light of the scene.
        sensor: Sensor whose noise the frames have.
        seen: (P, 3) scanned points in the room's frame, at which the cameras look.
        to_file: (4, 4) matrix from the room's frame to that of the written points; poses follow it.
        count: Number of frames.
        size: Width and height in pixels.

    Returns:
        The files.
    """
    intrinsic = intrinsic_matrix(*size, HORIZONTAL_VIEW)
    with atomic_folder(folder) as part:
        write_intrinsic(part, intrinsic)
        for index, eye in enumerate(_eyes(rng, scene, count)):
            pose = _pose_with_a_view(rng, seen, rays, eye)
            color, depth = render(mesh, rays, lighting, pose, intrinsic, size)
            color = _with_color_noise(rng, sensor, lighting, color)
            depth = _with_depth_noise(rng, sensor, depth)
            write_frame(part, index, color, depth, to_file @ pose, JPEG_OPTIONS, PNG_OPTIONS)
    return sorted(folder.iterdir())


def render(
    mesh: SceneMesh,
    rays: RayCaster,
    lighting: Lighting,
    pose: np.ndarray,
    intrinsic: np.ndarray,
    size: tuple[int, int],
) -> tuple[np.ndarray, np.ndarray]:
    """Colour and depth seen by a camera, without noise.

    Returns:
        (height, width, 3) float64 colour, 0..1 before exposure and white balance, and
        (height, width) float64 depth along the optical axis in metres, 0 for none.
    """
    width, height = size
    pixels = pixel_grid(width, height)
    far = unproject(pixels, np.ones(len(pixels)), pose, intrinsic)
    eye = pose[:3, 3]
    directions = far - eye
    face, depth = rays.first_hits(np.broadcast_to(eye, far.shape), directions)
    hit = face >= 0
    points = eye + directions[hit] * depth[hit, None]
    normals = mesh.normals[face[hit]]
    away = np.einsum('ij,ij->i', normals, directions[hit]) > 0
    normals = np.where(away[:, None], -normals, normals)
    shade = lighting.shade(rays, points, normals, shadows=False)
    shade = shade + mesh.part_values('glow')[mesh.part[face[hit]]]
    color = np.zeros((len(pixels), 3))
    color[hit] = mesh.albedo(points, face[hit]) * shade[:, None]
    depth = np.where(hit, depth, 0.0)
    return color.reshape(height, width, 3), depth.reshape(height, width)


def _eyes(rng: np.random.Generator, scene: Scene, count: int) -> np.ndarray:
    spots = spread_spots(rng, scene.free_spots, count)
    spots = spots[np.arange(count) % len(spots)]
    return np.column_stack([spots, rng.uniform(1.2, 1.7, count)])


def _pose_with_a_view(
    rng: np.random.Generator, seen: np.ndarray, rays: RayCaster, eye: np.ndarray
) -> np.ndarray:
    """A pose towards one of the points (P, 3) `seen`, across the room rather than at the next wall."""
    best, best_depth = None, -1.0
    probe = intrinsic_matrix(8, 6, HORIZONTAL_VIEW)
    for _ in range(6):
        target = seen[rng.integers(len(seen))]
        pose = look_at(eye, target)
        directions = unproject(pixel_grid(8, 6), np.ones(48), pose, probe) - eye
        depth = rays.first_hits(np.broadcast_to(eye, directions.shape), directions)[1]
        mean = float(np.minimum(depth, DEPTH_LIMIT).mean())
        if mean > best_depth:
            best, best_depth = pose, mean
        if best_depth > 2 * MIN_MEAN_DEPTH:
            break
    return best


def _with_color_noise(
    rng: np.random.Generator, sensor: Sensor, lighting: Lighting, color: np.ndarray
) -> np.ndarray:
    """(height, width, 3) uint8 image after exposure, white balance and sensor noise."""
    response = sensor.color
    noisy = response.respond(color * lighting.balance) * 255
    if response.noise:
        noisy = noisy + rng.standard_normal(color.shape, dtype=np.float32) * response.noise * 0.7
    return np.clip(np.round(noisy), 0, 255).astype(np.uint8)


def _with_depth_noise(rng: np.random.Generator, sensor: Sensor, depth: np.ndarray) -> np.ndarray:
    """(height, width) uint16 depth in millimetres; 0 beyond range and at depth edges."""
    measured = depth
    if sensor.depth_noise:
        deviation = sensor.depth_noise * np.clip(depth, 0.5, None) ** 2 * 0.5
        measured = depth + rng.standard_normal(depth.shape, dtype=np.float32) * deviation
        step = np.abs(np.diff(depth, axis=1, prepend=depth[:, :1])) > 0.15
        place = np.stack([*np.indices(depth.shape), depth * 10], axis=-1).reshape(-1, 3)
        patches = noise(place * 0.01 + rng.uniform(-20, 20, 3))
        lost = step | (patches.reshape(depth.shape) > 2.2 - 4 * sensor.depth_holes)
        measured = np.where(lost, 0.0, measured)
    measured = np.where(depth > DEPTH_LIMIT, 0.0, measured)
    return np.clip(np.round(measured * 1000), 0, 65535).astype(np.uint16)
