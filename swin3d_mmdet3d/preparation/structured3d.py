"""Structured3D: renders of rooms as labelled points with normals from depth."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ..datasets.class_lists import STRUCTURED3D
from ..datasets.layout.scenes import IndoorScene
from .depth_image import (
    image_normals,
    panorama_directions,
    perspective_directions,
)
from .preparation_run import DataSet, Outcome, RawScene, prepare_scenes
from .raw_files import FARTHEST, bad_file, existing_file, read_image

FOLDER = 'Structured3D'
FIRST_SCENES = {'train': 0, 'val': 3000, 'test': 3250}
MIN_COSINE = 0.15  # between line of sight and normal
UNMEASURED = (0, 65535)
NUM_NYU40_IDS = 41
VOXEL_SIZE = 0.01


def prepare_structured3d(
    raw: str | os.PathLike,
    out: str | os.PathLike,
    voxel_size: float = VOXEL_SIZE,
    perspective: bool = False,
    workers: int | None = None,
) -> list[Outcome]:
    """Prepare Structured3D for segmentation with 25 classes.

    Args:
        raw: Folder of the unpacked archives: that of the scenes, or the folder around it.
        out: Folder of the prepared data set.
        voxel_size: One point is kept in each voxel of this size in metres.
        perspective: Whether the perspective renders of a room are joined to its panorama.
        workers: Processes; all cores by default.

    Returns:
        What became of each room.

    Raises:
        ValueError: An argument is out of range.
        FileNotFoundError: There is no scene in `raw`.
    """
    if not 0 < voxel_size < np.inf:
        raise ValueError(f'voxel_size must be positive, got {voxel_size}')
    settings = {'voxel_size': voxel_size, 'perspective': perspective}
    read = functools.partial(read_room, **settings)
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


def read_room(scene: RawScene, voxel_size: float = VOXEL_SIZE, perspective: bool = False) -> IndoorScene:
    """Points, normals and labels of what a room's images show, in the order of their pixels.

    Left out are pixels without a measured depth or a label, and those seen at a grazing angle
    (cosine at most 0.15). In each voxel the first pixel stays. Normals face the camera.

    Raises:
        FileNotFoundError: Naming scene and file, if one is missing.
        ValueError: Naming scene and file, if one is truncated or does not fit the others.

    Source: the rules of Uni3DScenes, the conversion that the authors of Swin3D published.
    """
    panorama = scene.source / 'panorama'
    camera = _numbers(scene, panorama / 'camera_xyz.txt', (3,)) / 1000
    clouds = [_cloud(scene, panorama / 'full', camera, panorama_directions, closed=True)]
    if not len(clouds[0][0]):
        raise bad_file(scene.name, panorama / 'full' / 'depth.png', 'shows no measured point with a label')
    if perspective:
        for folder in sorted((scene.source / 'perspective' / 'full').glob('*')):
            pose = _numbers(scene, folder / 'camera_pose.txt', (11, 12))
            front, up, half_angles = pose[3:6], pose[6:9], pose[9:11]
            if not _is_camera(front, up, half_angles):
                told = 'must hold unit vectors of the front and up, and half angles below 90 degrees'
                raise bad_file(scene.name, folder / 'camera_pose.txt', f'{told}, got {pose[3:11]}')
            sight = functools.partial(perspective_directions, front=front, up=up, half_angles=half_angles)
            clouds.append(_cloud(scene, folder, pose[:3] / 1000, sight, closed=False))
    points, normals, labels = (np.concatenate(column) for column in zip(*clouds))
    rows = _first_in_voxels(points[:, :3], voxel_size)
    return IndoorScene(points[rows], normals[rows], {'semantic_mask': labels[rows]})


def _cloud(
    scene: RawScene, folder: Path, camera: np.ndarray, directions: Callable[..., np.ndarray], closed: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points (P, 6), normals (P, 3) and labels (P,) of the usable pixels of a view."""
    depth = read_image(scene.name, folder / 'depth.png')
    if depth.ndim != 2 or depth.dtype.kind not in 'iu' or min(depth.shape) < 3:
        raise bad_file(
            scene.name, folder / 'depth.png', f'must hold whole millimetres, got {depth.dtype} {depth.shape}'
        )
    rgb = _of_size(scene, folder / 'rgb_rawlight.png', depth.shape, (3, 4))[..., :3]
    semantic = _of_size(scene, folder / 'semantic.png', depth.shape, ())
    if semantic.max() >= NUM_NYU40_IDS:
        raise bad_file(scene.name, folder / 'semantic.png', f'must hold ids 0..40, got {semantic.max()}')
    sight = directions(*depth.shape)
    local = sight * (depth[..., None] / 1000.0)
    measured = ~np.isin(depth, UNMEASURED)
    normals = image_normals(local, measured, closed)
    cosine = np.einsum('hwc,hwc->hw', normals, -sight)
    valid = measured & (semantic > 0) & (np.abs(cosine) > MIN_COSINE)
    normals = np.where(cosine[..., None] < 0, -normals, normals)[valid].astype(np.float32)
    points = np.concatenate([local[valid] + camera, rgb[valid]], axis=1).astype(np.float32)
    return points, normals, semantic[valid].astype(np.int64)


def _numbers(scene: RawScene, path: Path, counts: tuple[int, ...]) -> np.ndarray:
    """The numbers of a text file, as many as one of `counts`."""
    text = existing_file(scene.name, path).read_text(encoding='utf-8', errors='replace')
    try:
        numbers = np.array(text.split(), dtype=np.float64)
    except ValueError:
        raise bad_file(scene.name, path, f'must hold numbers, got {text!r}') from None
    near = (np.abs(numbers) < FARTHEST * 1000).all()  # millimetres; false of NaN
    if len(numbers) not in counts or not near:
        wanted = ' or '.join(map(str, counts))
        raise bad_file(scene.name, path, f'must hold {wanted} finite numbers below 2^24 m, got {text!r}')
    return numbers


def _is_camera(front: np.ndarray, up: np.ndarray, half_angles: np.ndarray) -> bool:
    lengths = np.linalg.norm([front, up], axis=1)
    upright = np.abs(lengths - 1).max() < 0.05 and abs(front @ up) < 0.5
    return bool(upright and (half_angles > 0).all() and (half_angles < np.pi / 2).all())


def _of_size(scene: RawScene, path: Path, size: tuple[int, int], channels: tuple[int, ...]) -> np.ndarray:
    """An image of this size with one of these numbers of channels, or with none."""
    image = read_image(scene.name, path)
    fits = image.shape[2] in channels if image.ndim == 3 else not channels
    if image.shape[:2] != size or not fits or image.dtype != np.uint8:
        wanted = f'{size} x {" or ".join(map(str, channels)) or 1} uint8 pixels'
        raise bad_file(scene.name, path, f'must hold {wanted}, got {image.dtype} {image.shape}')
    return image


def _first_in_voxels(xyz: np.ndarray, voxel_size: float) -> np.ndarray:
    """Sorted rows of the first point of each voxel.

    Raises:
        ValueError: If there are too many voxels for numbers of 64 bits.
    """
    with np.errstate(over='ignore'):
        reach = (np.ptp(xyz.astype(np.float64), axis=0) / voxel_size + 2).prod()
        farthest = np.abs(xyz.astype(np.float64)).max() / voxel_size
    if not (reach < 2**62 and farthest < 2**62):
        raise ValueError(f'voxel_size must be larger, got {voxel_size} for {np.ptp(xyz, axis=0)} m of points')
    cell = np.floor(xyz.astype(np.float64) / voxel_size).astype(np.int64)
    cell -= cell.min(axis=0)
    extent = cell.max(axis=0) + 1
    key = (cell[:, 0] * extent[1] + cell[:, 1]) * extent[2] + cell[:, 2]
    return np.sort(np.unique(key, return_index=True)[1])
