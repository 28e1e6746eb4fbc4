"""Structured3D: panorama renders as labelled points with normals from depth."""

from __future__ import annotations

import functools
import os
import re
from pathlib import Path

import numpy as np

from swin3d_mmdet3d.datasets.class_lists import STRUCTURED3D
from swin3d_mmdet3d.preparation.preparation_run import DataSet, Outcome, RawScene, prepare_scenes
from swin3d_mmdet3d.preparation.raw_files import bad_file, existing_file, read_image
from swin3d_mmdet3d.preparation.scene_writer import PreparedScene

FOLDER = 'Structured3D'
FIRST_SCENES = {'train': 0, 'val': 3000, 'test': 3250}
LEAST_COSINE = 0.15  # between line of sight and normal
UNMEASURED = (0, 65535)
NUM_NYU40_IDS = 41
VOXEL_SIZE = 0.01


def prepare_structured3d(
    raw: str | os.PathLike,
    out: str | os.PathLike,
    voxel_size: float = VOXEL_SIZE,
    workers: int | None = None,
) -> list[Outcome]:
    """Prepares Structured3D for segmentation with 25 classes.

    Args:
        raw: folder of the unpacked panorama archives: that of the scenes, or the folder around it.
        out: folder of the prepared data set.
        voxel_size: one point is kept in each voxel of this size in metres.
        workers: processes; all cores by default.

    Returns:
        What became of each room.

    Raises:
        ValueError: an argument is out of range.
        FileNotFoundError: there is no scene in `raw`.
    """
    if not voxel_size > 0:
        raise ValueError(f'voxel_size must be positive, got {voxel_size}')
    read = functools.partial(read_panorama, voxel_size=voxel_size)
    settings = {'voxel_size': voxel_size}
    scenes = find_rooms(Path(raw))
    return prepare_scenes(DataSet('structured3d', STRUCTURED3D), scenes, read, out, settings, workers)


def find_rooms(raw: Path) -> list[RawScene]:
    """The rooms of all scenes, sorted; the split follows from the number of the scene."""
    root = raw / FOLDER if (raw / FOLDER).is_dir() else raw
    rooms = []
    for scene in sorted(root.glob('scene_*')):
        number = re.fullmatch(r'scene_(\d{5})', scene.name)
        if number is not None:
            split = [name for name, first in FIRST_SCENES.items() if int(number[1]) >= first][-1]
            found = sorted(room for room in (scene / '2D_rendering').glob('*') if room.is_dir())
            rooms += [RawScene(f'{scene.name}_room_{room.name}', split, room) for room in found]
    if not rooms:
        raise FileNotFoundError(f'raw: expected folders scene_*/2D_rendering/* in {root}')
    return rooms


def read_panorama(scene: RawScene, voxel_size: float = VOXEL_SIZE) -> PreparedScene:
    """Points, normals and labels of what a panorama shows, in the order of its pixels.

    Left out are pixels without a measured depth or a label, and those seen at a grazing angle
    (cosine at most 0.15). In each voxel the first pixel stays. Normals face the camera.

    Raises:
        FileNotFoundError: naming scene and file, if one is missing.
        ValueError: naming scene and file, if one is truncated or does not fit the others.

    Source: the rules of Uni3DScenes, the conversion that the authors of Swin3D published.
    """
    camera = _camera(scene, scene.source / 'panorama' / 'camera_xyz.txt')
    full = scene.source / 'panorama' / 'full'
    depth = read_image(scene.name, full / 'depth.png')
    if depth.ndim != 2 or depth.dtype.kind not in 'iu' or min(depth.shape) < 3:
        raise bad_file(scene.name, full / 'depth.png', f'must hold whole millimetres, got {depth.dtype}')
    rgb = _of_size(scene, full / 'rgb_rawlight.png', depth.shape, (3, 4))[..., :3]
    semantic = _of_size(scene, full / 'semantic.png', depth.shape, ())
    if semantic.max() >= NUM_NYU40_IDS:
        raise bad_file(scene.name, full / 'semantic.png', f'must hold ids 0..40, got {semantic.max()}')
    sight = panorama_directions(*depth.shape)
    local = sight * (depth[..., None] / 1000.0)
    measured = ~np.isin(depth, UNMEASURED)
    normals = image_normals(local, measured)
    cosine = np.einsum('hwc,hwc->hw', normals, -sight)
    valid = measured & (semantic > 0) & (np.abs(cosine) > LEAST_COSINE)
    if not valid.any():
        raise bad_file(scene.name, full / 'depth.png', 'shows no measured point with a label')
    normals = np.where(cosine[..., None] < 0, -normals, normals)[valid].astype(np.float32)
    points = np.concatenate([local[valid] + camera, rgb[valid]], axis=1).astype(np.float32)
    rows = _first_in_voxels(points[:, :3], voxel_size)
    masks = {'semantic_mask': semantic[valid][rows].astype(np.int64)}
    return PreparedScene(points[rows], normals[rows], masks)


def panorama_directions(height: int, width: int) -> np.ndarray:
    """(height, width, 3) unit directions of the pixels, z up.

    The left edge looks to -y and the first row straight up; the azimuth grows from y towards x.
    """
    azimuth = np.arange(width) / width * 2 * np.pi - np.pi
    elevation = np.pi / 2 - np.arange(height)[:, None] / height * np.pi
    level = np.cos(elevation)
    up = np.broadcast_to(np.sin(elevation), (height, width))
    return np.stack([level * np.sin(azimuth), level * np.cos(azimuth), up], axis=-1)


def image_normals(points: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Unit normals of an organised surface: the cross product of its two pixel steps.

    Args:
        points: (H, W, 3) points of the pixels of a panorama, whose left and right edges meet.
        valid: (H, W) whether a pixel has a point.

    Returns:
        (H, W, 3) float64 unit vectors of either sign; 0 at the first and last row, where a
        neighbour has no point, and where the steps are parallel.
    """
    across = np.roll(points, -1, axis=1) - np.roll(points, 1, axis=1)
    down = np.zeros_like(points)
    down[1:-1] = points[2:] - points[:-2]
    known = valid & np.roll(valid, 1, axis=1) & np.roll(valid, -1, axis=1)
    known[1:-1] &= valid[2:] & valid[:-2]
    cross = np.cross(across, down)
    length = np.linalg.norm(cross, axis=-1)
    known &= length > 1e-12
    return np.where(known[..., None], cross / np.where(known, length, 1)[..., None], 0.0)


def _camera(scene: RawScene, path: Path) -> np.ndarray:
    """(3,) place of the camera in metres."""
    text = existing_file(scene.name, path).read_text(encoding='utf-8', errors='replace')
    try:
        place = np.array(text.split(), dtype=np.float64)
    except ValueError:
        raise bad_file(scene.name, path, f'must hold numbers, got {text!r}') from None
    if place.shape != (3,) or not np.isfinite(place).all():
        raise bad_file(scene.name, path, f'must hold three finite numbers, got {text!r}')
    return place / 1000


def _of_size(scene: RawScene, path: Path, size: tuple[int, int], channels: tuple[int, ...]) -> np.ndarray:
    """An image of this size with one of these numbers of channels, or with none."""
    image = read_image(scene.name, path)
    fits = image.shape[2] in channels if image.ndim == 3 else not channels
    if image.shape[:2] != size or not fits or image.dtype != np.uint8:
        wanted = f'{size} x {" or ".join(map(str, channels)) or 1} uint8 pixels'
        raise bad_file(scene.name, path, f'must hold {wanted}, got {image.dtype} {image.shape}')
    return image


def _first_in_voxels(xyz: np.ndarray, voxel_size: float) -> np.ndarray:
    """Sorted rows of the first point of each voxel."""
    cell = np.floor(xyz.astype(np.float64) / voxel_size).astype(np.int64)
    cell -= cell.min(axis=0)
    extent = cell.max(axis=0) + 1
    key = (cell[:, 0] * extent[1] + cell[:, 1]) * extent[2] + cell[:, 2]
    return np.sort(np.unique(key, return_index=True)[1])
