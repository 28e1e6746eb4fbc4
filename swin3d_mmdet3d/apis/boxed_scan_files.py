"""Boxed scan files: what a detection leaves behind, all of it or nothing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..atomic_write import atomic_writes
from ..scan_files import METRES_Z_UP, Scan, ScanFrame
from ..visualization import (
    box_picture,
    label_colors,
    write_box_edges,
    write_html_viewer,
)
from .detected_boxes import DetectedBoxes, write_boxes

FORMATS = ('json', 'ply', 'png', 'html')
DEFAULT_FORMATS = ('json', 'ply', 'png')


def write_boxed_scan(
    folder: str | os.PathLike,
    stem: str,
    scan: Scan,
    boxes: DetectedBoxes,
    names: Sequence[str],
    palette: Sequence[Sequence[int]],
    truth: DetectedBoxes | None = None,
    formats: Sequence[str] = DEFAULT_FORMATS,
    frame: ScanFrame = METRES_Z_UP,
) -> list[Path]:
    """Write <stem>.json, .ply, .png and .html, those wanted; on failure none of them.

    The JSON has class, score, centre, size and yaw of every box, the PLY the edges of the boxes in the
    colours of their classes, both in the scan's own units and axes; the PNG shows the scan with the boxes
    drawn over it, the HTML viewer boxes and scan, its points also in the colours of the boxes they lie in;
    both upright.

    Args:
        folder: Where to; made where it is missing.
        stem: Name of the files without extension.
        scan: The scan, in its own units and axes.
        boxes: The boxes, in the scan's own units and axes.
        names, palette: Of the classes.
        truth: The boxes that should have been found, a column of the picture; or None.
        formats: Of `FORMATS`.
        frame: How the scan's numbers become metres with z up.

    Returns:
        The paths written.

    Raises:
        ValueError: For an unknown format.
    """
    unknown = [it for it in formats if it not in FORMATS]
    if unknown or not formats:
        raise ValueError(
            f'formats: expected some of {", ".join(FORMATS)}, got {", ".join(unknown) or "none"}'
        )
    upright = boxes.upright(frame)
    sets = [upright.drawn('prediction')]
    if truth is not None:
        sets.insert(0, truth.upright(frame).drawn('truth', is_certain=True))
    with atomic_writes(folder, stem) as pending:
        if 'json' in formats:
            write_boxes(pending.folder / f'{stem}.json', boxes, names, frame)
        if 'ply' in formats:
            comments = [
                f'box {i} {names[label]} {score:.3f}'
                for i, (label, score) in enumerate(zip(boxes.label, boxes.score))
            ]
            path, color = pending.folder / f'{stem}.ply', label_colors(boxes.label, palette)
            write_box_edges(path, frame.own_points(sets[-1].corners), color, comments)
        if {'png', 'html'} & set(formats):
            seen = frame.upright(scan)
            if 'png' in formats:
                picture = box_picture(seen.xyz, scan.color, sets, palette, names, normal=seen.normal)
                picture.save(pending.folder / f'{stem}.png')
            if 'html' in formats:
                page, inside = pending.folder / f'{stem}.html', class_of_box(seen.xyz, upright)
                more = dict(title=stem, normal=seen.normal, boxes=sets)
                write_html_viewer(page, seen.xyz, scan.color, None, inside, palette, names, **more)
    return pending.written


def class_of_box(xyz: np.ndarray, boxes: DetectedBoxes) -> np.ndarray:
    """The class of the best box that each point lies in, (P,) int64; -1 for points in none.

    Args:
        xyz: (P, 3) in metres with z up.
        boxes: In the same frame, best first.
    """
    label = np.full(len(xyz), -1, dtype=np.int64)
    for row in reversed(range(len(boxes))):
        c, s = np.cos(boxes.yaw[row]), np.sin(boxes.yaw[row])
        offset = (xyz - boxes.center[row]) @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
        label[(np.abs(offset) <= boxes.size[row] / 2).all(axis=1)] = boxes.label[row]
    return label
