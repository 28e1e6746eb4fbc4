"""Reading and checking the files of a scene, so that a broken one is told by scene and name."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np

FLOAT32_BYTES = 4
LABEL_TYPES = {1: np.uint8, 2: np.int16, 4: np.int32, 8: np.int64}
"""Types of a label in a mask file by its bytes; mmdet3d writes int64."""
HALF_FILE_POINTS = 64


def scene_name(info: dict[str, Any]) -> str:
    """The name of a scene: its point file's name without ending."""
    return Path(info['lidar_points']['lidar_path']).stem


def read_info_file(path: str | os.PathLike) -> dict[str, Any]:
    """The content of a local info file: a whole pickle with ``metainfo`` and the scenes ``data_list``.

    Raises:
        ValueError: Naming the file, if it is missing, truncated or of another layout.
    """
    try:
        with open(path, 'rb') as file:
            infos = pickle.load(file)
    except FileNotFoundError:
        raise ValueError(f'info file {path} is missing') from None
    except (EOFError, pickle.UnpicklingError, UnicodeDecodeError, ValueError) as error:
        raise ValueError(f'info file {path} is truncated or not a pickle: {error}') from error
    if not isinstance(infos, dict) or not {'metainfo', 'data_list'} <= infos.keys():
        raise ValueError(f'info file {path} must hold a dict with metainfo and data_list')
    for index, info in enumerate(infos['data_list']):
        if 'lidar_path' not in info.get('lidar_points', {}):
            raise ValueError(f'info file {path} has no lidar_points.lidar_path in entry {index}')
    return infos


def count_rows(path: str, row_bytes: int, scene: str) -> int:
    """Rows of a local binary file.

    Args:
        path: The file.
        row_bytes: Bytes of a row.
        scene: The scene's name, for messages.

    Raises:
        ValueError: Naming scene and file, if it is missing, empty or does not end with a whole row.
    """
    try:
        size = os.stat(path).st_size
    except FileNotFoundError:
        raise ValueError(f'scene {scene}: file {path} is missing') from None
    if size == 0 or size % row_bytes:
        raise ValueError(
            f'scene {scene}: file {path} must hold whole rows of {row_bytes} bytes, '
            f'got {size} bytes: it is truncated or of another layout'
        )
    return size // row_bytes


def check_scene_files(info: dict[str, Any]) -> None:
    """Check the local files of a scene against each other by their sizes, without reading them.

    Args:
        info: Parsed entry of an info file: ``lidar_points`` with ``lidar_path`` and ``num_pts_feats``
            (default 6); optional ``pts_semantic_mask_path``, ``pts_instance_mask_path``.

    Raises:
        ValueError: Naming scene and file, if one is missing or truncated or differs in its number of rows.
    """
    scene = scene_name(info)
    columns = info['lidar_points'].get('num_pts_feats', 6)
    num_points = count_rows(info['lidar_points']['lidar_path'], FLOAT32_BYTES * columns, scene)
    for key in ('pts_semantic_mask_path', 'pts_instance_mask_path'):
        if key in info:
            check_label_rows(info[key], count_rows(info[key], 1, scene), num_points, scene)


def check_label_rows(path: str, num_bytes: int, num_points: int, scene: str) -> type[np.integer]:
    """The type of the labels in a mask file, told by the bytes that each point has.

    Raises:
        ValueError: Naming scene and file, if they are no whole number of labels of 1, 2, 4 or 8 bytes.
    """
    if num_points and num_bytes % num_points == 0 and num_bytes // num_points in LABEL_TYPES:
        return LABEL_TYPES[num_bytes // num_points]
    raise ValueError(
        f'scene {scene}: file {path} must have a row for each of {num_points} points, '
        f'of {", ".join(map(str, LABEL_TYPES))} bytes, got {num_bytes} bytes'
    )


def labels_from_bytes(content: bytes, num_points: int, path: str, scene: str) -> np.ndarray:
    """The labels in the bytes of a mask file.

    Returns:
        ``(P,)`` int64, writable.

    Raises:
        ValueError: Naming scene and file, if the bytes are no labels of ``num_points`` points, or look like
            the first half of labels of twice the width.
    """
    dtype = check_label_rows(path, len(content), num_points, scene)
    label = np.frombuffer(content, dtype=dtype)
    if dtype is not np.int64 and num_points >= HALF_FILE_POINTS:
        # High halves of wider numbers: all 0, or all -1 where the low half is negative.
        low, high = label[: num_points // 2 * 2].reshape(-1, 2).T
        if low.any() and np.array_equal(high, np.where(low.astype(np.int64) < 0, -1, 0).astype(dtype)):
            raise ValueError(
                f'scene {scene}: file {path} must hold a label for each of {num_points} points, '
                f'got what looks like the first half of labels of {2 * dtype().itemsize} bytes'
            )
    return label.astype(np.int64)
