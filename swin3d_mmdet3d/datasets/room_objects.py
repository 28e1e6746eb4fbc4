"""Data set of the objects of rooms: cut out of labelled rooms by their instance masks, once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmdet3d.registry import DATASETS
from mmengine.dist import barrier, is_main_process
from mmengine.logging import print_log
from mmengine.utils import track_iter_progress

from ..atomic_write import atomic_folder
from .class_lists import S3DIS
from .layout.infos import read_info_file, scene_name
from .layout.modelnet40 import NAMES_FILE, write_cloud, write_lists
from .layout.scenes import check_scene_files, labels_from_bytes
from .object_clouds import ObjectCloudDataset

STRUCTURE = ('ceiling', 'floor', 'wall', 'beam', 'column')
"""Classes of S3DIS whose instances are no objects."""
MIN_POINTS = 32
MAX_POINTS = 2048


@DATASETS.register_module()
class RoomObjectDataset(ObjectCloudDataset):
    """Objects in ``<data_root>/objects``, text files in the layout of ModelNet40.

    ``make_objects`` writes such a folder. Where there is none, the instances of the rooms of ``data_root``,
    in the layout of S3DIS, are cut out and written there: those with at least 32 points that are no parts of
    the building.

    Args:
        data_root: Folder of the rooms.
        split: 'train', or 'test' for the objects of the held-out rooms.
        train_infos: Info files below ``data_root`` of the rooms to train on.
        test_infos: Those of the held-out rooms.
        kwargs: Arguments of mmengine's ``BaseDataset``.

    Raises:
        ValueError: Naming the file that is missing or broken, or the folder whose rooms hold no object.
    """

    def __init__(
        self,
        data_root: str,
        split: str = 'train',
        train_infos: Sequence[str] = (),
        test_infos: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        self.infos = {'train': tuple(train_infos), 'test': tuple(test_infos)}
        super().__init__(data_root=data_root, split=split, **kwargs)

    def folder(self) -> Path:
        """``<data_root>/objects``, made now if it is missing."""
        folder = Path(self.data_root) / 'objects'
        if is_main_process() and not (folder / NAMES_FILE).is_file():
            cut_objects(Path(self.data_root), self.infos, folder)
        barrier()
        return folder


def cut_objects(root: Path, infos: dict[str, Sequence[str]], folder: Path) -> None:
    """Write the objects of rooms in the layout of S3DIS as ModelNet40's text files.

    Args:
        root: Folder of the rooms.
        infos: Split -> its info files.
        folder: Where the objects are to lie; must not hold anything yet.

    Raises:
        ValueError: Naming the file that is missing or broken, ``root``, if its rooms hold no object, or
            ``folder``, if it holds something.
    """
    if folder.is_dir() and any(folder.iterdir()):
        raise ValueError(
            f'{folder} must be missing or a data set with {NAMES_FILE}, it is neither: '
            'finish what makes it (make_objects), or remove it'
        )
    scenes = [
        (split, info)
        for split, files in infos.items()
        for name in files
        for info in read_info_file(root / name)['data_list']
    ]
    names: dict[str, list[str]] = {split: [] for split in infos}
    counts: Counter[str] = Counter()
    with atomic_folder(folder) as part:
        for split, info in track_iter_progress(scenes):
            for kind, points in _objects_of(root, info):
                counts[kind] += 1
                names[split].append(f'{kind}_{counts[kind]:04d}')
                write_cloud(part, names[split][-1], points)
        if not counts:
            raise ValueError(f'{root} must hold rooms with objects of {MIN_POINTS} points, got none')
        write_lists(part, sorted(counts), names)
    print_log(f'{sum(counts.values())} objects of the rooms of {root} are in {folder}', 'current')


def _objects_of(root: Path, info: dict[str, Any]) -> list[tuple[str, np.ndarray]]:
    """Class, and points with normals (P, 6), 0 where there are none, of each object of a room."""
    scene = scene_name(info)
    paths = {
        'lidar_path': root / 'points' / info['lidar_points']['lidar_path'],
        'pts_semantic_mask_path': root / 'semantic_mask' / info['pts_semantic_mask_path'],
        'pts_instance_mask_path': root / 'instance_mask' / info['pts_instance_mask_path'],
    }
    columns = info['lidar_points'].get('num_pts_feats', 6)
    masks = {key: str(path) for key, path in paths.items() if key != 'lidar_path'}
    check_scene_files(
        dict(masks, lidar_points=dict(lidar_path=str(paths['lidar_path']), num_pts_feats=columns))
    )
    points = np.fromfile(paths['lidar_path'], np.float32).reshape(-1, columns)
    normals_path = root / 'normals' / paths['lidar_path'].name
    normals = np.zeros((len(points), 3), np.float32)
    if normals_path.is_file():
        normals = np.fromfile(normals_path, np.float32).reshape(-1, 3)
    semantic, instance = (
        labels_from_bytes(Path(path).read_bytes(), len(points), path, scene) for path in masks.values()
    )
    found = []
    for number in np.unique(instance):
        rows = np.flatnonzero(instance == number)
        kind = _class_name(semantic[rows[0]])
        if kind is not None and len(rows) >= MIN_POINTS:
            rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), MAX_POINTS)).astype(np.int64)]
            found.append((kind, np.concatenate([_in_unit_sphere(points[rows, :3]), normals[rows]], axis=1)))
    return found


def _class_name(raw_id: int) -> str | None:
    """The class of S3DIS of a raw id; None for a part of the building and for what has no class."""
    name = S3DIS.names[S3DIS.raw_ids.index(raw_id)] if raw_id in S3DIS.raw_ids else None
    return None if name in STRUCTURE else name


def _in_unit_sphere(xyz: np.ndarray) -> np.ndarray:
    xyz = xyz.astype(np.float64) - xyz.mean(axis=0, dtype=np.float64)
    return xyz / max(np.linalg.norm(xyz, axis=1).max(), 1e-9)
