"""A bank of objects cut out of training scans, for ``InstancePaste``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from mmcv.transforms import Compose
from mmengine.utils import track_iter_progress

from ..atomic_write import atomic_folder
from ..datasets.whole_scene_dataset import WholeSceneDataset

MIN_POINTS = 50


def make_instance_bank(
    dataset: WholeSceneDataset, out: Path, classes: Sequence[str], min_points: int = MIN_POINTS
) -> Counter[str]:
    """Write the objects of some classes, ``<out>/<class>/<scan>_<instance>.npz``.

    A file has ``points`` ``(P, 6)`` or, of scans with normals, ``(P, 9)`` float32, xyz in metres with the
    middle of the base of the box at the origin, and ``raw_id`` int64, the id of its class in mask files.

    Args:
        dataset: Data set of the training scans, with instance masks.
        out: Folder of the bank; must not hold anything yet.
        classes: Names of the classes, as the data set spells them.
        min_points: Fewest points of an object.

    Returns:
        Number of objects of each class.

    Raises:
        ValueError: Naming ``out``, if it holds something, ``classes``, if the data set lacks one or no scan
            has an object of them, or a scan, if its files are broken.
    """
    known = dataset.metainfo['classes']
    unknown = sorted(set(classes) - set(known))
    if unknown:
        raise ValueError(f'classes must be classes of the data set, got {unknown}')
    if out.is_dir() and any(out.iterdir()):
        raise ValueError(f'{out} must be missing or empty, it holds something')
    chosen = [known.index(name) for name in classes]
    counts: Counter[str] = Counter()
    with atomic_folder(out) as part:
        for index in track_iter_progress(range(len(dataset))):
            for instance, label, points, raw_id in _objects_of(dataset, index, chosen, min_points):
                folder = part / known[label].replace(' ', '_').replace('/', '-')
                folder.mkdir(exist_ok=True)
                scan = Path(dataset.get_data_info(index)['lidar_points']['lidar_path']).stem
                np.savez_compressed(folder / f'{scan}_{instance}.npz', points=points, raw_id=np.int64(raw_id))
                counts[known[label]] += 1
        if not counts:
            raise ValueError(
                f'classes must occur with {min_points} points in a scan, got none of {list(classes)}'
            )
    return counts


def _objects_of(
    dataset: WholeSceneDataset, index: int, chosen: Sequence[int], min_points: int
) -> Iterator[tuple[int, int, np.ndarray, int]]:
    """Instance, label, points and raw id of each object of the chosen labels in a scan."""
    info = dataset.get_data_info(index)
    steps = [dict(type='LoadColoredPoints')]
    if Path(info['normals_path']).is_file():
        steps.append(dict(type='LoadNormals'))
    steps.append(
        dict(
            type='LoadSceneAnnotations',
            with_bbox_3d=False,
            with_label_3d=False,
            with_seg_3d=True,
            with_mask_3d=True,
        )
    )
    scene = Compose(steps)(info)
    raw_ids, instances = scene['pts_semantic_mask'], scene['pts_instance_mask']
    order = np.argsort(instances, kind='stable')
    numbers, starts = np.unique(instances[order], return_index=True)
    for number, rows in zip(numbers.tolist(), np.split(order, starts[1:])):
        if number < 1 or len(rows) < min_points:  # 0 and below are no object
            continue
        ids, times = np.unique(raw_ids[rows], return_counts=True)
        raw_id = int(ids[times.argmax()])
        label = int(scene['seg_label_mapping'][raw_id])
        if label in chosen:
            yield number, label, _at_origin(scene['points'].tensor.numpy()[rows]), raw_id


def _at_origin(points: np.ndarray) -> np.ndarray:
    """Points ``(P, C)`` with the middle of the base of their box at the origin."""
    low, high = points[:, :3].min(axis=0), points[:, :3].max(axis=0)
    moved = points.copy()
    moved[:, :3] -= [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]]
    return moved
