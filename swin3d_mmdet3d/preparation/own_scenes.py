"""One's own scans as scenes: in metres with z up, with the labels and boxes that lie beside them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..datasets.layout.scenes import IndoorScene
from ..scan_files import (
    Scan,
    ScanFrame,
    doubts,
    known_colors,
    known_normals,
    read_scan,
    upright_turn,
)
from .own_boxes import OwnBox, read_own_boxes
from .own_labels import UNLABELLED, OwnClasses, read_labels
from .own_scans import find_box_file, find_label_file
from .preparation_run import RawScene

NO_CLASS = {'unlabelled', 'unlabeled', 'unannotated', 'unclassified', 'unknown', 'void', 'none'}
NO_CLASS |= {'ignore', 'ignored'}


class OwnFrame(ScanFrame):
    """The frame of one's own scans and of the boxes beside them."""

    def box(self, box: OwnBox, origin: np.ndarray) -> np.ndarray:
        """(7,) centre from `origin`, size and yaw; yaw about the up axis stays what it is."""
        turn = upright_turn(self.up)
        center = turn @ np.array(box.center) * self.unit_scale - origin
        size = np.abs(turn) @ np.array(box.size) * self.unit_scale
        return np.concatenate([center, size, [box.yaw]])


@dataclass(frozen=True)
class OwnSceneReader:
    """Reads a scan with its labels and boxes.

    Attributes:
        classes: The classes of points; None where points have none.
        box_classes: Classes of boxes, in the order of their labels.
        with_yaw: Whether boxes are written with their yaw.
        frame: How its numbers become metres with z up.
    """

    classes: OwnClasses | None
    box_classes: tuple[str, ...]
    with_yaw: bool
    frame: OwnFrame

    def __call__(self, scene: RawScene) -> IndoorScene:
        """The arrays of a scene; its points lie from the origin that the info entry names.

        Raises:
            ValueError: Naming the file, when something in it cannot be used.
        """
        raw = read_scan(scene.source)
        label = scan_labels(scene.source, raw, self.classes)
        scan = self.frame.upright(raw)
        # Far from the origin float32 would merge neighbouring points.
        origin = np.floor(scan.xyz.min(axis=0))
        notes = doubts(scan) + ([] if scan.color is not None else ['it has no colours: mid-grey is taken'])
        if scan.kept is not None:
            notes.append(f'{int((~scan.kept).sum())} points without finite coordinates are left out')
        points = np.concatenate([scan.xyz - origin, known_colors(scan)], axis=1).astype(np.float32)
        masks = {} if label is None else {'semantic_mask': label}
        if self.classes is not None and label is None:
            notes.append('it has no labels')
        return IndoorScene(
            points=points,
            normals=known_normals(scan),
            masks=masks,
            boxes=self._boxes(scene.source, origin),
            info={'origin': origin.tolist(), 'source': scene.source.name},
            notes=tuple(notes),
        )

    def _boxes(self, path: Path, origin: np.ndarray) -> list[dict]:
        boxes = []
        for box in scan_boxes(path):
            name = box.name if self.classes is None else self.classes.name_of_box(box.name)
            numbers = self.frame.box(box, origin)[: 7 if self.with_yaw else 6]
            boxes.append({'bbox_3d': numbers.tolist(), 'bbox_label_3d': self.box_classes.index(name)})
        return boxes


def scan_labels(path: Path, scan: Scan, classes: OwnClasses | None) -> np.ndarray | None:
    """(P,) int64 class labels of a scan from its own labels or a file beside it; None where it has none.

    Raises:
        ValueError: Naming the file, when labels are of no class.
    """
    if classes is None:
        return None
    beside = find_label_file(path)
    try:
        if beside is not None:
            label = read_labels(beside, rows_of_file(scan), classes.names)
            return classes.labels(label if scan.kept is None else label[scan.kept])
        if scan.label is None:
            return None
        if scan.label_names is None:
            return classes.labels(scan.label)
        return _by_name(scan, classes)
    except ValueError as error:
        raise ValueError(f'{beside or path}: {error}') from error


def scan_boxes(path: Path) -> list[OwnBox]:
    """The boxes of a scan; none where no file of boxes lies beside it."""
    beside = find_box_file(path)
    return [] if beside is None else read_own_boxes(beside)


def rows_of_file(scan: Scan) -> int:
    """Rows of a scan's file."""
    return len(scan) if scan.kept is None else len(scan.kept)


def _by_name(scan: Scan, classes: OwnClasses) -> np.ndarray:
    """Labels of a scan that names its classes; a name for points without a class is among `NO_CLASS`."""
    strange = [
        name for name in scan.label_names if name not in classes.names and name.lower() not in NO_CLASS
    ]
    if strange:
        raise ValueError(f'labels: expected names among the classes, got {", ".join(strange)}')
    label_of = [
        classes.names.index(name) if name in classes.names else UNLABELLED for name in scan.label_names
    ]
    is_named = (scan.label >= 0) & (scan.label < len(label_of))
    label = np.full(len(scan), UNLABELLED, dtype=np.int64)
    label[is_named] = np.array(label_of, dtype=np.int64)[scan.label[is_named]]
    return label
