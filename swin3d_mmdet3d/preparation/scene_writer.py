"""Prepared scenes: written whole or not at all, in the layout of mmdet3d's indoor datasets."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from swin3d_mmdet3d.datasets.class_lists import ClassList
from swin3d_mmdet3d.datasets.scene_tickets import read_ticket, write_ticket
from swin3d_mmdet3d.whole_file import sweep_parts, whole_file

RECIPE = 1  # raised when the same raw files no longer give the same prepared ones
TICKETS = 'prepared_scenes'
MASK_KEYS = {
    'semantic_mask': 'pts_semantic_mask_path',
    'instance_mask': 'pts_instance_mask_path',
    'semantic_mask200': 'pts_semantic_mask200_path',
}

ARRAY_FOLDERS = ('points', 'normals', *MASK_KEYS)


@dataclass(frozen=True)
class PreparedScene:
    """What is written of a scene with P points.

    Attributes:
        points: (P, 6) float32 xyz in metres, z up, and rgb 0..255, in the raw order.
        normals: (P, 3) float32 unit normals, 0 for a point that has none; or None where none are wanted.
        masks: folder -> (P,) int64 ids, for folders of MASK_KEYS.
        boxes: entries of the info file's `instances`.
        axis_align_matrix: (4, 4) from the frame of the points to that of the boxes, or None.
        info: further keys of the scene's entry in the info file; JSON types.
        notes: what the user should know about this scene.
    """

    points: np.ndarray
    normals: np.ndarray | None
    masks: dict[str, np.ndarray]
    boxes: list[dict] = field(default_factory=list)
    axis_align_matrix: np.ndarray | None = None
    info: dict = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def instance_boxes(xyz: np.ndarray, instance: np.ndarray, labels: dict[int, int]) -> list[dict]:
    """Axis-aligned boxes around the points of instances.

    Args:
        xyz: (P, 3) coordinates in metres.
        instance: (P,) instance of each point.
        labels: box class of each instance that gets a box if it has points.

    Returns:
        One `bbox_3d` (centre, size) with its `bbox_label_3d` for each, in the order of the instances.
    """
    boxes = []
    for number in sorted(labels):
        own = xyz[instance == number]
        if len(own):
            low, high = own.min(axis=0), own.max(axis=0)
            box = np.concatenate([(low + high) / 2, high - low])
            boxes.append({'bbox_3d': box.tolist(), 'bbox_label_3d': labels[number]})
    return boxes


def write_scene(root: Path, name: str, scene: PreparedScene, settings: dict) -> None:
    """Writes the files of a scene, then the ticket that calls it finished.

    Args:
        root: folder of the data set.
        name: the scene's name, that of its files.
        scene: its arrays.
        settings: what decides the arrays besides the raw files; JSON types.
    """
    arrays = {'points': scene.points, **scene.masks}
    if scene.normals is not None:
        arrays['normals'] = scene.normals
    written = []
    try:
        for folder, values in arrays.items():
            path = root / folder / f'{name}.bin'
            written.append(path)
            with whole_file(path) as part:
                part.write_bytes(np.ascontiguousarray(values).data)
        told = {'info': _info(name, scene), 'num_points': len(scene.points), 'notes': list(scene.notes)}
        write_ticket(_ticket_path(root, name), root, _stamp(settings), written, told)
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        raise


def finished_scene(root: Path, name: str, settings: dict) -> dict | None:
    """What is told of a scene that was written with these settings and is still whole, else None.

    `info` is the entry of the info file; `num_points` and `notes` are those of :class:`Outcome`.
    """
    return read_ticket(_ticket_path(root, name), root, _stamp(settings))


def forget_scene(root: Path, name: str) -> None:
    """Removes every file of a scene that is not finished, ticket first."""
    _ticket_path(root, name).unlink(missing_ok=True)
    for folder in ARRAY_FOLDERS:
        (root / folder / f'{name}.bin').unlink(missing_ok=True)


def sweep_folders(root: Path) -> None:
    """Removes what killed runs were writing."""
    for folder in ('.', TICKETS, *ARRAY_FOLDERS):
        sweep_parts(root / folder)


def write_infos(
    root: Path, dataset: str, split: str, boxes: ClassList, infos: list[dict], metainfo: dict | None = None
) -> Path:
    """Writes the info file of a split in the format of mmdet3d v2.

    Args:
        root: folder of the data set.
        dataset: name in the file's name and metainfo.
        split: name of the split.
        boxes: classes of the boxes.
        infos: entries of its scenes.
        metainfo: further keys of the file's metainfo.

    Returns:
        The file.
    """
    categories = {name: label for label, name in enumerate(boxes.names)}
    metainfo = {'categories': categories, 'dataset': dataset, 'info_version': '1.1', **(metainfo or {})}
    for number, info in enumerate(infos):
        info['sample_idx'] = number
    path = root / f'{dataset}_infos_{split}.pkl'
    with whole_file(path) as part:
        part.write_bytes(pickle.dumps({'metainfo': metainfo, 'data_list': infos}, protocol=4))
    return path


def _info(name: str, scene: PreparedScene) -> dict:
    file = f'{name}.bin'
    info = {'lidar_points': {'num_pts_feats': 6, 'lidar_path': file}, 'instances': scene.boxes}
    info.update({MASK_KEYS[folder]: file for folder in scene.masks})
    if scene.normals is not None:
        info['normals_path'] = file
    if scene.axis_align_matrix is not None:
        info['axis_align_matrix'] = scene.axis_align_matrix.tolist()
    return {**info, **scene.info}


def _stamp(settings: dict) -> dict:
    return {**settings, 'recipe': RECIPE}


def _ticket_path(root: Path, name: str) -> Path:
    return root / TICKETS / f'{name}.json'
