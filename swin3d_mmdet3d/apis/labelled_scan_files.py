"""Labelled scan files: what a prediction leaves behind, all of it or nothing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..atomic_write import atomic_writes
from ..scan_files import Scan
from ..visualization import (
    label_colors,
    prediction_picture,
    write_html_viewer,
    write_las,
    write_ply,
)

UNLABELLED = 255
POINT_FORMATS = ('ply', 'las', 'laz')


def write_labelled_scan(
    folder: str | os.PathLike,
    stem: str,
    scan: Scan,
    prediction: np.ndarray,
    names: Sequence[str],
    palette: Sequence[Sequence[int]],
    truth: np.ndarray | None = None,
    with_html: bool = False,
    unlabelled: int | None = UNLABELLED,
    point_format: str = 'ply',
) -> list[Path]:
    """Write <stem>.ply (or .las, .laz), .npz and .png, and .html if wanted; on failure none of them.

    The PLY has the scan's coordinates, the colour of each point's class and its label; the NPZ has
    `label` int64, `names` and `palette`; both have every row of the scan's file. A LAS file has the points
    alone, since it cannot hold rows without coordinates, in the steps of the scan's own LAS file, with
    the colours of the scan and the labels as classification. The PNG shows colour, truth and prediction of
    the points.

    Args:
        folder: Where to; made where it is missing.
        stem: Name of the files without extension.
        scan: The scan.
        prediction: (P,) class indices in the scan's order.
        names, palette: Of the classes.
        truth: (P,) class indices, others unlabelled; or None.
        with_html: Also write the HTML viewer.
        unlabelled: Label of rows of the file that are no points; None for that of the nearest row.
        point_format: 'ply', 'las' or 'laz'.

    Returns:
        The paths written.

    Raises:
        ValueError: As the writers of the files do.
    """
    if point_format not in POINT_FORMATS:
        raise ValueError(f'point_format: expected one of {", ".join(POINT_FORMATS)}, got {point_format!r}')
    with atomic_writes(folder, stem) as pending:
        part = pending.folder
        label = (
            scan.in_nearest_rows(prediction) if unlabelled is None else scan.in_rows(prediction, unlabelled)
        )
        points = part / f'{stem}.{point_format}'
        if point_format == 'ply':
            write_ply(points, scan.in_rows(scan.xyz, np.nan), label_colors(label, palette), label, names)
        else:
            write_las(points, scan.xyz, scan.color, prediction, names, scan.grid)
        np.savez_compressed(
            part / f'{stem}.npz', label=label, names=np.array(names), palette=np.array(palette)
        )
        picture = prediction_picture(scan.xyz, scan.color, truth, prediction, palette, names)
        picture.save(part / f'{stem}.png')
        if with_html:
            write_html_viewer(
                part / f'{stem}.html', scan.xyz, scan.color, truth, prediction, palette, names, title=stem
            )
    return pending.written
