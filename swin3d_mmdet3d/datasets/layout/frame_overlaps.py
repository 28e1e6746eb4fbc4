"""Files of the overlap of a scene's frames: <scene>.npz, the frames' names and a share for each pair."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mmengine.logging import print_log

from ...array_files import read_npz_file
from ...atomic_write import atomic_write
from ...geometry.correspondence import back_project
from ...geometry.overlap import cloud_overlaps, voxel_means
from .frames import UnusableFrameError, read_frame

OVERLAPS_FOLDER = 'frame_overlaps'
VOXEL_SIZE = 0.05  # m
RADIUS = 0.075  # m, 1.5 voxels
MAX_DEPTH = 10.0  # m


def frame_overlaps(folder: str | Path, names: Sequence[str], path: str | Path) -> np.ndarray:
    """Overlap ``(V, V)`` of a scene's frames in [0, 1], read from a file, or measured and written to it.

    It is measured again when the frames' names, their poses or the sizes of their depth files are others.

    Args:
        folder: Folder of the scene's frames.
        names: Names of V frames.
        path: The file.

    Raises:
        ValueError: Naming the file, if it is broken.
    """
    files = [_fingerprint(Path(folder) / name) for name in names]
    known = _read(Path(path))
    if known is not None:
        if known['names'].tolist() == list(names) and known['files'].tolist() == files:
            return known['overlap']
    print_log(f'measuring the overlap of {len(names)} frames in {folder}, once', 'current')
    overlap = measure_overlaps(folder, names)
    with atomic_write(path) as part, open(part, 'wb') as file:
        np.savez(file, names=np.array(names), files=np.array(files), overlap=overlap)
    return overlap


def _fingerprint(stem: Path) -> list[int]:
    """Size of the depth file and checksum of the pose of a frame."""
    return [stem.with_suffix('.png').stat().st_size, zlib.crc32(stem.with_suffix('.txt').read_bytes())]


def measure_overlaps(folder: str | Path, names: Sequence[str]) -> np.ndarray:
    """Overlap ``(V, V)`` of frames: of their clouds' voxels of 5 cm within 7.5 cm; 0 of unusable frames.

    Source: facebookresearch/PointContrast, data preparation: clouds are thinned to 5 cm, the larger share of
    both directions counts.
    """
    return cloud_overlaps([_cloud(folder, name) for name in names], RADIUS)


def _cloud(folder: str | Path, name: str) -> np.ndarray:
    try:
        frame = read_frame(folder, name, MAX_DEPTH, min_valid=0.0)
    except UnusableFrameError:
        return np.zeros((0, 3))
    return voxel_means(back_project(frame.depth, frame.pose, frame.intrinsic, MAX_DEPTH)[0], VOXEL_SIZE)


def _read(path: Path) -> dict[str, np.ndarray] | None:
    if not path.is_file():
        return None
    try:
        return read_npz_file(path, ('names', 'files', 'overlap'))
    except ValueError as error:
        raise ValueError(f'file {path} must hold overlaps of frames, remove it: {error}') from error
