"""ScanNet: the scans of a raw download as labelled points with the normals of their meshes."""

from __future__ import annotations

import csv
import functools
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..datasets.class_lists import SCANNET_BOXES
from ..datasets.layout.scenes import IndoorScene, instance_boxes
from ..geometry.normals import vertex_normals
from .preparation_run import DataSet, Outcome, RawScene, prepare_scenes
from .raw_files import FARTHEST, bad_file, existing_file, read_json, read_scene_mesh

LABEL_MAP = 'scannetv2-labels.combined.tsv'
SCAN_FOLDERS = {'train': 'scans', 'val': 'scans', 'test': 'scans_test'}
NUM_NYU40_IDS = 41
MOST_IDS = 2**31
# Matrices of the download have six decimals.
RIGID_TOLERANCE = 1e-3
# Part of every scan's stamp, so that scans with normals of another rule are made again.
NORMALS = 'faces weighted by corner angle'

LabelMap = dict[str, tuple[int, int]]


def prepare_scannet(
    raw: str | os.PathLike,
    out: str | os.PathLike,
    splits: str | os.PathLike | None = None,
    workers: int | None = None,
) -> list[Outcome]:
    """Prepare ScanNet for segmentation with 20 and 200 classes and for detection.

    Args:
        raw: Folder of the download, with scans, scans_test and the label map.
        out: Folder of the prepared data set.
        splits: Folder with scannetv2_{train,val,test}.txt; by default `raw` or its folder meta_data.
        workers: Processes; all cores by default.

    Returns:
        What became of each scene.

    Raises:
        ValueError: An argument is out of range, or a list or the label map is not usable.
        FileNotFoundError: The label map or the lists of scenes are missing.
    """
    raw = Path(raw)
    label_map = read_label_map(_first_file([raw, raw / 'meta_data'], LABEL_MAP, 'raw'))
    scenes = find_scenes(raw, [Path(splits)] if splits is not None else [raw / 'meta_data', raw])
    read = functools.partial(read_scene, label_map=label_map)
    settings = {'normals': NORMALS}
    return prepare_scenes(DataSet('scannet', SCANNET_BOXES), scenes, read, out, settings, workers)


def find_scenes(raw: Path, split_folders: Sequence[Path]) -> list[RawScene]:
    """The scans that the lists of the splits name, in the lists' order.

    The test split is left out where it was not downloaded.
    """
    scenes = []
    for split, folder in SCAN_FOLDERS.items():
        if split == 'test' and not (raw / folder).is_dir():
            continue
        names = _first_file(split_folders, f'scannetv2_{split}.txt', 'splits').read_text().split()
        scenes += [RawScene(name, split, raw / folder / name) for name in names]
    return scenes


def read_label_map(path: Path) -> LabelMap:
    """Raw category -> (id of NYU40, id of ScanNet200) from ScanNet's table of labels.

    Raises:
        ValueError: Naming the file, if a column is missing or an id is no number of its range.
    """
    label_map = {}
    with path.open(encoding='utf-8', newline='') as file:
        table = csv.DictReader(file, delimiter='\t', quoting=csv.QUOTE_NONE)
        try:
            columns = table.fieldnames or ()
            rows = [(table.line_num, row) for row in table]
        except csv.Error as error:
            raise ValueError(f'label map {path} is damaged in line {table.line_num}: {error}') from error
    missing = {'id', 'raw_category', 'nyu40id'} - set(columns)
    if missing:
        raise ValueError(f'label map {path} must have the columns {", ".join(sorted(missing))}')
    for line, row in rows:
        try:
            ids = int(row['nyu40id']), int(row['id'])
        except (TypeError, ValueError):
            raise ValueError(f'label map {path} has no ids in line {line}') from None
        if not 0 <= ids[0] < NUM_NYU40_IDS:
            raise ValueError(f'label map {path} must hold nyu40id 0..40, got {ids[0]}')
        if not 0 <= ids[1] < MOST_IDS:
            raise ValueError(f'label map {path} must hold ids below {MOST_IDS}, got {ids[1]}')
        label_map[row['raw_category']] = ids
    return label_map


def read_scene(scene: RawScene, label_map: LabelMap) -> IndoorScene:
    """Points, normals, masks and boxes of a scan; vertex order kept, nothing left out.

    Points stay in the scanner's frame; boxes are in the aligned one. Instance 0 and semantic id 0
    mean unannotated. Scans of the split 'test' have neither masks nor boxes.

    Raises:
        FileNotFoundError: Naming scene and file, if one is missing.
        ValueError: Naming scene and file, if one is truncated or does not fit the others.

    Source: the conventions of mmdet3d's ScanNet converter (data/scannet of its repository).
    """
    stem = scene.source / scene.name
    points, faces = read_scene_mesh(scene.name, Path(f'{stem}_vh_clean_2.ply'))
    normals = vertex_normals(points[:, :3], faces)
    align, notes = _axis_alignment(scene, Path(f'{stem}.txt'))
    if scene.split == 'test':
        return IndoorScene(points, normals, {}, axis_align_matrix=align)
    ids, segment = _segments(scene, Path(f'{stem}_vh_clean_2.0.010000.segs.json'), len(points))
    found = _label_segments(scene, Path(f'{stem}.aggregation.json'), ids, label_map)
    masks = {
        'semantic_mask': found.nyu40[segment],
        'semantic_mask200': found.scannet200[segment],
        'instance_mask': found.instance[segment],
    }
    aligned = points[:, :3].astype(np.float64) @ align[:3, :3].T + align[:3, 3]
    label_of = {raw_id: label for label, raw_id in enumerate(SCANNET_BOXES.raw_ids)}
    boxed = {it: label_of[nyu40] for it, nyu40 in found.nyu40_of_instance.items() if nyu40 in label_of}
    boxes = instance_boxes(aligned, masks['instance_mask'], boxed)
    return IndoorScene(points, normals, masks, boxes, align, notes=notes)


@dataclass(frozen=True)
class _SegmentLabels:
    """Ids of S segments, 0 for none: (S,) int64 each; NYU40 id of each instance."""

    nyu40: np.ndarray
    scannet200: np.ndarray
    instance: np.ndarray
    nyu40_of_instance: dict[int, int]


def _segments(scene: RawScene, path: Path, num_points: int) -> tuple[np.ndarray, np.ndarray]:
    """Sorted ids (S,) of the segments and the row of the segment of each vertex (P,)."""
    values = read_json(scene.name, path, 'segIndices')
    if len(values) != num_points:
        raise bad_file(
            scene.name, path, f'must have a segment for each of {num_points} vertices, got {len(values)}'
        )
    try:
        segment_of_vertex = _whole_numbers(values)
    except (TypeError, ValueError, OverflowError):
        raise bad_file(scene.name, path, 'must hold whole numbers in segIndices') from None
    return np.unique(segment_of_vertex, return_inverse=True)


def _label_segments(scene: RawScene, path: Path, ids: np.ndarray, label_map: LabelMap) -> _SegmentLabels:
    """Give each segment the ids of its object; of two objects with one segment the later has it."""
    nyu40, scannet200, instance = np.zeros((3, len(ids)), dtype=np.int64)
    groups = []
    for group in read_json(scene.name, path, 'segGroups'):
        try:
            number, label = int(_whole_numbers([group['objectId']])[0]) + 1, str(group['label'])
            own = _whole_numbers(group['segments'])
        except (KeyError, TypeError, ValueError, OverflowError):
            raise bad_file(scene.name, path, 'must give objectId, label and segments of a group') from None
        if not 0 < number < MOST_IDS:
            raise bad_file(scene.name, path, f'must hold an objectId of 0 .. {MOST_IDS}, got {number - 1}')
        if label not in label_map:
            raise bad_file(scene.name, path, f'has the label {label!r}, which the label map does not know')
        rows = np.searchsorted(ids, own)
        unknown = own[ids[np.minimum(rows, len(ids) - 1)] != own]
        if unknown.size:
            raise bad_file(scene.name, path, f'has the segment {unknown[0]}, which no vertex belongs to')
        groups.append((label, number, rows))
    # As stock: all objects of the label that comes first, then those of the next.
    order = {label: rank for rank, label in enumerate(dict.fromkeys(label for label, _, _ in groups))}
    for label, _, rows in sorted(groups, key=lambda it: order[it[0]]):
        nyu40[rows], scannet200[rows] = label_map[label]
    for _, number, rows in groups:
        instance[rows] = number
    first = {number: rows[0] for _, number, rows in groups if len(rows)}
    return _SegmentLabels(nyu40, scannet200, instance, {it: int(nyu40[row]) for it, row in first.items()})


def _whole_numbers(values: list) -> np.ndarray:
    """(N,) int64 of a JSON list of whole numbers; ValueError or OverflowError for another."""
    numbers = np.array(values)
    if numbers.ndim != 1 or (numbers.size and numbers.dtype.kind != 'i'):
        raise ValueError(f'expected whole numbers, got {numbers.dtype} of shape {numbers.shape}')
    return numbers.astype(np.int64)


def _axis_alignment(scene: RawScene, path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    """(4, 4) matrix that makes the walls parallel to the axes, identity where none is given; notes."""
    text = existing_file(scene.name, path).read_text(encoding='utf-8', errors='replace')
    found = re.search(r'^axisAlignment\s*=(.*)$', text, re.MULTILINE)
    if found is None:
        notes = () if scene.split == 'test' else (f'file {path.name} has no axisAlignment: left as it is',)
        return np.eye(4), notes
    try:
        values = np.array(found[1].split(), dtype=np.float64)
    except ValueError:
        raise bad_file(scene.name, path, f'must hold numbers in axisAlignment, got {found[1]}') from None
    if values.shape != (16,):
        raise bad_file(scene.name, path, f'must have 16 numbers in axisAlignment, got {len(values)}')
    matrix = values.reshape(4, 4)
    turn = matrix[:3, :3]
    rigid = np.allclose(turn @ turn.T, np.eye(3), rtol=0, atol=RIGID_TOLERANCE) and np.linalg.det(turn) > 0
    near = (np.abs(matrix) < FARTHEST).all()  # false of NaN
    if not (near and rigid and np.array_equal(matrix[3], [0, 0, 0, 1])):
        raise bad_file(scene.name, path, f'must hold a rigid motion in axisAlignment, got {found[1].strip()}')
    return matrix, ()


def _first_file(folders: Sequence[Path], name: str, argument: str) -> Path:
    """The file of this name in the first folder that has it."""
    for folder in folders:
        if (folder / name).is_file():
            return folder / name
    places = ' or '.join(str(folder) for folder in folders)
    raise FileNotFoundError(
        f'{argument}: expected the file {name} in {places}; docs/preparing_data.md tells where it comes from'
    )
