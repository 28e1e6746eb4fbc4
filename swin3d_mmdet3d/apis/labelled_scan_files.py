"""Labelled scan files: what a prediction leaves behind, all of it or nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..atomic_write import atomic_writes
from ..scan_files import METRES_Z_UP, Scan, ScanFrame
from ..visualization import (
    label_colors,
    prediction_picture,
    write_html_viewer,
    write_las,
    write_ply,
)
from .overlay_files import KEPT, RESULTS, overlay_las, overlay_ply

UNLABELLED = 255
POINT_FORMATS = ('ply', 'las', 'laz')
FORMATS = (*POINT_FORMATS, 'npz', 'json', 'png', 'html')
DEFAULT_FORMATS = ('ply', 'npz', 'png')


def write_labelled_scan(
    folder: str | os.PathLike,
    stem: str,
    scan: Scan,
    prediction: np.ndarray,
    names: Sequence[str],
    palette: Sequence[Sequence[int]],
    truth: np.ndarray | None = None,
    formats: Sequence[str] = DEFAULT_FORMATS,
    unlabelled: int | None = UNLABELLED,
    confidence: np.ndarray | None = None,
    frame: ScanFrame = METRES_Z_UP,
    source: Path | None = None,
) -> list[Path]:
    """Write <stem>.ply, .las, .laz, .npz, .json, .png and .html, those wanted; on failure none of them.

    The points lie where those of the scan do, in its own units and axes. The PLY has the colour of each
    point's class, its label and its confidence; of a scan from a PLY file it has all else that the file has
    (:func:`overlay_ply`), of others their normals and named columns. The NPZ has `label` int64, `confidence`
    float32 where there is one, `names` and `palette`, the JSON the same as lists; all three have every row of
    the scan's file. A LAS file has the points alone, since it cannot hold rows without coordinates, with the
    labels as classification; of a scan from a LAS file it has all else that the file has
    (:func:`overlay_las`), of others their colours. The PNG shows colour, truth and prediction of the points,
    upright.

    Args:
        folder: Where to; made where it is missing.
        stem: Name of the files without extension.
        scan: The scan, in its own units and axes.
        prediction: (P,) class indices in the scan's order.
        names, palette: Of the classes.
        truth: (P,) class indices, others unlabelled; or None.
        formats: Of `FORMATS`.
        unlabelled: Label of rows of the file that are no points; None for that of the nearest row. Their
            confidence is 0.
        confidence: (P,) float32 of each label in [0, 1], or None.
        frame: How the scan's numbers become metres with z up, for the pictures.
        source: The file whose rows the points are, or None.

    Returns:
        The paths written.

    Raises:
        ValueError: As the writers of the files do, and for an unknown format.
    """
    check_formats(formats)
    with atomic_writes(folder, stem) as pending:
        part = pending.folder / stem
        for kind in (it for it in formats if it in ('las', 'laz')):
            _write_las(part.with_name(f'{stem}.{kind}'), scan, prediction, confidence, names, source)
        rows = (
            scan.in_nearest_rows(prediction) if unlabelled is None else scan.in_rows(prediction, unlabelled)
        )
        scores = None if confidence is None else scan.in_rows(confidence, 0)
        if 'ply' in formats:
            path, color = part.with_name(f'{stem}.ply'), label_colors(rows, palette)
            _write_ply(path, scan, color, rows, scores, names, source)
        if 'npz' in formats:
            known = {} if scores is None else dict(confidence=scores)
            np.savez_compressed(
                part.with_name(f'{stem}.npz'),
                label=rows,
                names=np.array(names),
                palette=np.array(palette),
                **known,
            )
        if 'json' in formats:
            content = dict(classes=list(names), labels=rows.tolist())
            content['confidence'] = None if scores is None else np.round(scores.astype(float), 4).tolist()
            part.with_name(f'{stem}.json').write_text(json.dumps(content))
        if {'png', 'html'} & set(formats):
            seen = frame.upright(scan)
            if 'png' in formats:
                labels = (truth, prediction, palette, names)
                picture = prediction_picture(seen.xyz, scan.color, *labels, normal=seen.normal)
                picture.save(part.with_name(f'{stem}.png'))
            if 'html' in formats:
                page = part.with_name(f'{stem}.html')
                known = dict(title=stem, confidence=confidence, normal=seen.normal)
                write_html_viewer(page, seen.xyz, scan.color, truth, prediction, palette, names, **known)
    return pending.written


def check_formats(formats: Sequence[str]) -> None:
    """Raise TypeError unless the formats are a sequence of texts, ValueError unless all are known."""
    if not isinstance(formats, Sequence) or not all(isinstance(it, str) for it in formats):
        raise TypeError(f'formats: expected a sequence of texts, got {formats!r:.60}')
    unknown = [it for it in formats if it not in FORMATS]
    if unknown or not formats:
        raise ValueError(
            f'formats: expected some of {", ".join(FORMATS)}, got {", ".join(unknown) or "none"}'
        )


def _write_ply(
    path: Path,
    scan: Scan,
    color: np.ndarray,
    label: np.ndarray,
    confidence: np.ndarray | None,
    names: Sequence[str],
    source: Path | None,
) -> None:
    if source is not None and source.suffix.lower() == '.ply':
        overlay_ply(path, source, color, label, confidence, names)
        return
    columns = {} if confidence is None else dict(confidence=confidence)
    if scan.normal is not None:
        columns.update(zip(('nx', 'ny', 'nz'), scan.in_rows(scan.normal, 0).T))
    for name, values in (scan.others or {}).items():
        taken = name in columns or name.lower() in RESULTS
        columns['_'.join((KEPT + name if taken else name).split())] = scan.in_rows(values, 0)
    write_ply(path, scan.in_rows(scan.xyz, np.nan), color, label, names, columns)


def _write_las(
    path: Path,
    scan: Scan,
    label: np.ndarray,
    confidence: np.ndarray | None,
    names: Sequence[str],
    source: Path | None,
) -> None:
    if source is not None and source.suffix.lower() in ('.las', '.laz'):
        overlay_las(path, source, label, confidence, names)
    else:
        write_las(path, scan.xyz, scan.color, label, names, scan.grid, confidence)
