"""S3DIS: the annotated rooms of a raw download as labelled points with estimated normals."""

from __future__ import annotations

import functools
import io
import os
import re
from pathlib import Path

import numpy as np

from ..datasets.class_lists import S3DIS, S3DIS_BOXES
from ..datasets.layout.scenes import IndoorScene, instance_boxes
from ..geometry.normals import estimate_normals
from .preparation_run import DataSet, Outcome, RawScene, prepare_scenes
from .raw_files import bad_file, check_points

FOLDER = 'Stanford3dDataset_v1.2_Aligned_Version'
AREA = re.compile(r'Area_\w+')
CLUTTER = S3DIS.names.index('clutter')
LABELS = {**{name: label for label, name in enumerate(S3DIS.names)}, 'stairs': CLUTTER}
COLUMNS = 6
# Area_5/hallway_6/Annotations/ceiling_1.txt of version 1.2 has such a byte within a number.
CONTROL_BYTES = re.compile(rb'[\x00-\x08\x0b\x0c\x0e-\x1f]')


def prepare_s3dis(
    raw: str | os.PathLike,
    out: str | os.PathLike,
    normals: bool = True,
    workers: int | None = None,
) -> list[Outcome]:
    """Prepare S3DIS for segmentation with 13 classes and for detection.

    Args:
        raw: Folder of the areas (Stanford3dDataset_v1.2_Aligned_Version), the folder around it, or one area.
        out: Folder of the prepared data set.
        normals: Whether normals are estimated, which takes most of the time.
        workers: Processes; all cores by default.

    Returns:
        What became of each room.

    Raises:
        ValueError: An argument is out of range.
        FileNotFoundError: There is no area in `raw`.
    """
    read = functools.partial(read_room, normals=normals)
    scenes = find_rooms(Path(raw))
    return prepare_scenes(DataSet('s3dis', S3DIS_BOXES), scenes, read, out, {'normals': normals}, workers)


def find_rooms(raw: Path) -> list[RawScene]:
    """The rooms of all areas that are there, sorted by name within each.

    Areas are folders `Area_*`, six in the release; `raw` may also be one area, or any folder of rooms, which
    then counts as an area of its own name.

    Raises:
        FileNotFoundError: There is neither an area nor a room.
    """
    root = raw / FOLDER if (raw / FOLDER).is_dir() else raw
    areas = [path for path in sorted(root.glob('Area_*')) if path.is_dir() and AREA.fullmatch(path.name)]
    if not areas and any(root.glob('*/Annotations')):
        areas = [root.resolve()]
    if not areas:
        raise FileNotFoundError(f'raw: expected folders Area_*, or rooms with Annotations, in {root}')
    rooms = [room for area in areas for room in sorted(area.iterdir()) if room.is_dir()]
    return [RawScene(f'{room.parent.name}_{room.name}', room.parent.name, room) for room in rooms]


def read_room(scene: RawScene, normals: bool = True) -> IndoorScene:
    """Points, normals, masks and boxes of a room, object behind object in the order of their names.

    The smallest coordinates are shifted to 0. Instances count from 1; 'stairs' is clutter.

    Raises:
        FileNotFoundError: Naming the room, if it has no annotations.
        ValueError: Naming room and file, if one is no table of six numbers or of an unknown class.

    Source: the conventions of mmdet3d's S3DIS converter (data/s3dis of its repository).
    """
    files = sorted((scene.source / 'Annotations').glob('*.txt'))
    if not files:
        raise FileNotFoundError(f'scene {scene.name}: no annotations in {scene.source / "Annotations"}')
    tables, labels, notes = [], [], []
    for path in files:
        kind = path.name.split('_')[0]
        if kind not in LABELS:
            raise bad_file(scene.name, path, f'is of the class {kind!r}, which is none of {sorted(LABELS)}')
        data = path.read_bytes()
        if CONTROL_BYTES.search(data):
            data = _without_control_bytes(scene, path, data)
            notes.append(f'a control byte was left out of {path.name} in memory')
        tables.append(read_table(scene, path, data))
        labels.append(LABELS[kind])
    table = np.concatenate(tables)
    table[:, :3] -= table[:, :3].min(axis=0)
    points = table.astype(np.float32)
    sizes = [len(it) for it in tables]
    masks = {
        'semantic_mask': np.repeat(np.array(labels, dtype=np.int64), sizes),
        'instance_mask': np.repeat(np.arange(1, len(files) + 1), sizes).astype(np.int64),
    }
    boxed = {
        number: S3DIS_BOXES.raw_ids.index(label)
        for number, label in enumerate(labels, start=1)
        if label in S3DIS_BOXES.raw_ids
    }
    boxes = instance_boxes(points[:, :3], masks['instance_mask'], boxed)
    estimated = estimate_normals(points[:, :3]) if normals else None
    return IndoorScene(points, estimated, masks, boxes, notes=tuple(notes))


def read_table(scene: RawScene, path: Path, data: bytes) -> np.ndarray:
    """(P, 6) float64 rows x y z r g b of the text of an annotation file."""
    if not data.strip():
        raise bad_file(scene.name, path, 'holds no points')
    try:
        table = np.loadtxt(io.BytesIO(data), dtype=np.float64, comments=None, ndmin=2)
    except ValueError as error:
        raise bad_file(scene.name, path, f'is truncated or no table of numbers: {error}') from error
    if table.shape[1] != COLUMNS:
        raise bad_file(scene.name, path, f'must have {COLUMNS} columns, got {table.shape[1]}')
    check_points(scene.name, path, table)
    return table


def _without_control_bytes(scene: RawScene, path: Path, data: bytes) -> bytes:
    """The text with each control byte read as a blank or as nothing, whichever gives six numbers."""
    lines = data.split(b'\n')
    for row, line in enumerate(lines):
        if CONTROL_BYTES.search(line):
            choices = [CONTROL_BYTES.sub(instead, line) for instead in (b' ', b'')]
            fitting = [choice for choice in choices if len(choice.split()) == COLUMNS]
            if not fitting:
                raise bad_file(scene.name, path, f'has a control byte in line {row + 1}: {line!r}')
            lines[row] = fitting[0]
    return b'\n'.join(lines)
