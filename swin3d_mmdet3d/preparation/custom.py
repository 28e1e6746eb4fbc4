"""One's own labelled scans made into the files that the datasets read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mmengine.logging import print_log
from mmengine.utils import track_iter_progress
from terminaltables import AsciiTable

from ..datasets.class_lists import ClassList
from ..datasets.layout.infos import read_info_file
from ..one_of_many import one_of_many
from ..scan_files import read_scan
from ..visualization import distinct_colors
from .own_boxes import OwnBox
from .own_labels import UNLABELLED, OwnClasses, parse_classes, read_classes, read_labels
from .own_scans import find_class_file, find_label_file, find_own_scans
from .own_scenes import NO_CLASS, OwnFrame, OwnSceneReader, rows_of_file, scan_boxes
from .preparation_run import DataSet, Outcome, RawScene, prepare_scenes

NAME = 'custom'


def prepare_custom(
    scans: str | os.PathLike,
    out: str | os.PathLike,
    classes: Sequence[str] | None = None,
    unlabelled: Sequence[int] = (-1, UNLABELLED),
    shares: Sequence[float] = (0.2, 0.0),
    seed: int = 0,
    frame: OwnFrame | None = None,
    workers: int | None = None,
) -> list[Outcome]:
    """Prepare a folder of one's own scans for `CustomSegDataset` and `CustomDetDataset`.

    Labels are a property of the scan files or lie beside them, boxes lie beside them. Prepared masks hold
    class labels 0 .. K - 1, and 255 where a point has none. The info files' metainfo names the classes.

    Args:
        scans: Folder of the scans.
        out: Folder of the prepared data set.
        classes: Entries NAME or NAME=ID,ID; by default those of `classes.json` or `classes.txt` in the
            folder, else the names in the scans, else the ids that occur there, named by their numbers.
        unlabelled: Ids that mark points without a class.
        shares: Of val and test among the scans, where neither lists nor folders name the splits.
        seed: Of that draw.
        frame: How the scans' numbers become metres with z up; they are by default.
        workers: Processes; all cores by default.

    Returns:
        What became of each scan, in the order of the names.

    Raises:
        ValueError: Nothing can be prepared: no scans, no splits, or senseless classes.
    """
    folder, frame = Path(scans), frame or OwnFrame()
    scenes = find_own_scans(folder, shares, seed)
    found = own_classes(folder, scenes, classes, unlabelled)
    boxes = _boxes_of(scenes)
    box_classes = _box_classes(found, boxes)
    reader = OwnSceneReader(found, box_classes, any(box.yaw for box in boxes), frame)
    palette = dict(zip(found.names, distinct_colors(len(found.names)))) if found else {}
    spare = iter(distinct_colors(len(palette) + len(box_classes))[len(palette) :])
    box_palette = tuple(palette.get(name) or next(spare) for name in box_classes)
    metainfo = {}
    if found:
        metainfo = {
            'classes': found.names,
            'palette': [palette[name] for name in found.names],
            'seg_valid_class_ids': tuple(range(len(found.names))),
        }
    dataset = DataSet(NAME, ClassList(box_classes, box_palette, tuple(range(len(box_classes)))), metainfo)
    settings = {
        'classes': [[name, list(ids)] for name, ids in zip(found.names, found.ids)] if found else [],
        'unlabelled': list(unlabelled),
        'boxes': [list(box_classes), reader.with_yaw],
        'frame': [frame.unit_scale, frame.up],
    }
    outcomes = prepare_scenes(dataset, scenes, reader, out, settings, workers)
    print_log(f'classes of {out}\n{class_table(Path(out))}', logger='current')
    return outcomes


def own_classes(
    folder: Path, scenes: Sequence[RawScene], entries: Sequence[str] | None, unlabelled: Sequence[int]
) -> OwnClasses | None:
    """The classes of points: as given, of the folder's file or of the scans; None without labels."""
    if entries:
        return parse_classes(entries, unlabelled)
    stated = find_class_file(folder)
    if stated is not None:
        return read_classes(stated, unlabelled)
    print_log('no classes are given: the labels of all scans are looked at', logger='current')
    names: list[str] = []
    ids: set[int] = set()
    for scene in track_iter_progress(list(scenes)):
        with one_of_many(scene.name):  # the preparation names one that fails
            own_names, own_ids = _found_classes(scene.source)
            names += [name for name in own_names if name not in names and name.lower() not in NO_CLASS]
            ids |= own_ids
    if names:
        return OwnClasses(tuple(names), tuple((number,) for number in range(len(names))))
    numbers = sorted(ids - set(unlabelled))
    if not numbers:
        return None
    return OwnClasses(tuple(map(str, numbers)), tuple((number,) for number in numbers), tuple(unlabelled))


def class_table(root: Path) -> str:
    """A table of the classes of a prepared folder with their points and boxes in each split."""
    paths = sorted(root.glob(f'{NAME}_infos_*.pkl'))
    infos = {path.stem.split('_')[-1]: read_info_file(path) for path in paths}
    meta = next(iter(infos.values()))['metainfo']
    segmented, boxed = list(meta.get('classes', ())), list(meta['categories'])
    names = segmented + [name for name in boxed if name not in segmented]
    rows = [['class', *(f'{split}: {what}' for split in infos for what in ('points', 'boxes'))]]
    columns = []
    for content in infos.values():
        points, boxes = np.zeros(256, np.int64), np.zeros(len(boxed), np.int64)
        for info in content['data_list']:
            if 'pts_semantic_mask_path' in info:
                mask = np.fromfile(root / 'semantic_mask' / info['pts_semantic_mask_path'], np.int64)
                points += np.bincount(mask, minlength=256)
            for box in info['instances']:
                boxes[box['bbox_label_3d']] += 1
        columns += [
            [points[segmented.index(name)] if name in segmented else 0 for name in names]
            + [points[UNLABELLED]],
            [boxes[boxed.index(name)] if name in boxed else 0 for name in names] + [0],
        ]
    for row, name in enumerate([*names, '(unlabelled)']):
        rows.append([name, *(f'{column[row]:,}' for column in columns)])
    return AsciiTable(rows).table


def _found_classes(path: Path) -> tuple[tuple[str, ...], set[int]]:
    """The class names of a scan's file, and the ids of its points' labels."""
    scan, beside = read_scan(path), find_label_file(path)
    if beside is not None:
        return (), set(np.unique(read_labels(beside, rows_of_file(scan))).tolist())
    if scan.label is None:
        return (), set()
    return scan.label_names or (), set(np.unique(scan.label).tolist())


def _boxes_of(scenes: Sequence[RawScene]) -> list[OwnBox]:
    boxes: list[OwnBox] = []
    for scene in scenes:
        with one_of_many(scene.name):  # the preparation names one that fails
            boxes += scan_boxes(scene.source)
    return boxes


def _box_classes(classes: OwnClasses | None, boxes: Sequence[OwnBox]) -> tuple[str, ...]:
    """Classes that boxes have: first those of points, in their order, then others by name."""
    names = {box.name if classes is None else classes.name_of_box(box.name) for box in boxes}
    own = [name for name in classes.names if name in names] if classes else []
    return (*own, *sorted(names - set(own)))
