"""Files of a scene: points, normals and masks, a binary file of rows in a folder of each kind."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ...atomic_write import atomic_write, sweep_parts
from .frames import FRAMES_FOLDER
from .infos import scene_name

MASK_KEYS = {
    'semantic_mask': 'pts_semantic_mask_path',
    'instance_mask': 'pts_instance_mask_path',
    'semantic_mask200': 'pts_semantic_mask200_path',
}
"""Folder of a kind of mask -> its key in the entry of the info file."""
ARRAY_FOLDERS = ('points', 'normals', *MASK_KEYS)
FLOAT32_BYTES = 4
LABEL_TYPES = {1: np.uint8, 2: np.int16, 4: np.int32, 8: np.int64}
"""Types of a label in a mask file by its bytes; mmdet3d writes int64."""
HALF_FILE_POINTS = 64


@dataclass(frozen=True)
class IndoorScene:
    """What is written of a scene with P points.

    Attributes:
        points: ``(P, 6)`` float32 xyz in metres, z up, and rgb 0..255.
        normals: ``(P, 3)`` float32 unit normals, 0 for a point that has none; or None where none are wanted.
        masks: Folder -> ``(P,)`` int64 ids, for folders of ``MASK_KEYS``.
        boxes: Entries of the info file's ``instances``.
        axis_align_matrix: ``(4, 4)`` from the frame of the points to that of the boxes, or None.
        info: Further keys of the scene's entry in the info file; JSON types.
        notes: What the user should know about this scene.

    Raises:
        ValueError: Naming the array, if its shape or type is another, or the folder of a mask is unknown.
    """

    points: np.ndarray
    normals: np.ndarray | None
    masks: dict[str, np.ndarray]
    boxes: list[dict] = field(default_factory=list)
    axis_align_matrix: np.ndarray | None = None
    info: dict = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.masks.keys() <= MASK_KEYS.keys():
            raise ValueError(f'masks must be of {", ".join(MASK_KEYS)}, got {", ".join(self.masks)}')
        rows = len(self.points)
        wanted = {'points': ((rows, 6), np.float32), 'normals': ((rows, 3), np.float32)}
        for name, values in self.arrays().items():
            shape, dtype = wanted.get(name, ((rows,), np.int64))
            if values.shape != shape or values.dtype != dtype:
                raise ValueError(
                    f'{name} must be {np.dtype(dtype)} {shape}, got {values.dtype} {values.shape}'
                )

    def arrays(self) -> dict[str, np.ndarray]:
        """Folder -> the rows that are written there."""
        arrays = {'points': self.points, **self.masks}
        return arrays if self.normals is None else {**arrays, 'normals': self.normals}

    def entry(self, name: str) -> dict[str, Any]:
        """The scene's entry in the info file, if its files have this name."""
        file = f'{name}.bin'
        info = {'lidar_points': {'num_pts_feats': 6, 'lidar_path': file}, 'instances': self.boxes}
        info.update({MASK_KEYS[folder]: file for folder in self.masks})
        if self.normals is not None:
            info['normals_path'] = file
        if self.axis_align_matrix is not None:
            info['axis_align_matrix'] = self.axis_align_matrix.tolist()
        return {**info, **self.info}


def write_scene(root: Path, name: str, scene: IndoorScene) -> list[Path]:
    """Write the files of a scene, all of them or none.

    Args:
        root: Folder of the data set.
        name: The scene's name, that of its files.
        scene: What is written.

    Returns:
        The files.
    """
    written = []
    try:
        for folder, values in scene.arrays().items():
            written.append(root / folder / f'{name}.bin')
            with atomic_write(written[-1]) as part:
                part.write_bytes(np.ascontiguousarray(values).data)
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        raise
    return written


def remove_scene(root: Path, name: str) -> None:
    """Remove the files of a scene that are there; its frames stay."""
    for folder in ARRAY_FOLDERS:
        (root / folder / f'{name}.bin').unlink(missing_ok=True)


def sweep_layout(root: Path, tickets: str) -> None:
    """Remove what killed runs were writing in a data set, its folder of tickets included."""
    for folder in ('.', tickets, *ARRAY_FOLDERS, FRAMES_FOLDER):
        sweep_parts(root / folder)


def instance_boxes(xyz: np.ndarray, instance: np.ndarray, labels: Mapping[int, int]) -> list[dict]:
    """Axis-aligned boxes around the points of instances.

    Args:
        xyz: ``(P, 3)`` coordinates in metres.
        instance: ``(P,)`` instance of each point.
        labels: Box class of each instance that gets a box if it has points.

    Returns:
        One ``bbox_3d`` (centre, size) with its ``bbox_label_3d`` for each, in the order of the instances.
    """
    boxes = []
    for number in sorted(labels):
        own = xyz[instance == number]
        if len(own):
            low, high = own.min(axis=0), own.max(axis=0)
            box = np.concatenate([(low + high) / 2, high - low])
            boxes.append({'bbox_3d': box.tolist(), 'bbox_label_3d': labels[number]})
    return boxes


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
