"""Boxed scan files: what a detection leaves behind, all of it or nothing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ..atomic_write import atomic_writes
from ..scan_files import Scan
from ..visualization import box_corners, box_picture, label_colors, write_box_edges
from .detected_boxes import DetectedBoxes, write_boxes


def write_boxed_scan(
    folder: str | os.PathLike,
    stem: str,
    scan: Scan,
    boxes: DetectedBoxes,
    names: Sequence[str],
    palette: Sequence[Sequence[int]],
    truth: DetectedBoxes | None = None,
) -> list[Path]:
    """Write <stem>.json, .ply and .png; on failure none of them.

    The JSON has class, score, centre, size and yaw of every box, the PLY the edges of the boxes in the
    colours of their classes; the PNG shows the scan with the boxes drawn over it.

    Args:
        folder: Where to; made where it is missing.
        stem: Name of the files without extension.
        scan: The scan.
        boxes: The boxes, in the scan's frame.
        names, palette: Of the classes.
        truth: The boxes that should have been found, a column of the picture; or None.

    Returns:
        The paths written.
    """
    corners = box_corners(boxes.center, boxes.size, boxes.yaw)
    with atomic_writes(folder, stem) as pending:
        write_boxes(pending.folder / f'{stem}.json', boxes, names)
        comments = [
            f'box {i} {names[label]} {score:.3f}'
            for i, (label, score) in enumerate(zip(boxes.label, boxes.score))
        ]
        write_box_edges(pending.folder / f'{stem}.ply', corners, label_colors(boxes.label, palette), comments)
        columns = {'boxes': (corners, boxes.label)}
        if truth is not None:
            columns = {'truth': (box_corners(truth.center, truth.size, truth.yaw), truth.label), **columns}
        picture = box_picture(scan.xyz, scan.color, columns, palette, names)
        picture.save(pending.folder / f'{stem}.png')
    return pending.written
