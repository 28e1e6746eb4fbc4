"""What a model says of a scan: a label and its confidence for each point, or boxes; and the files of it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..scan_files import METRES_Z_UP, Scan, ScanFrame
from . import boxed_scan_files, labelled_scan_files
from .boxed_scan_files import write_boxed_scan
from .detected_boxes import DetectedBoxes
from .labelled_scan_files import write_labelled_scan


@dataclass(frozen=True, eq=False)
class ScanPrediction:
    """The prediction of a segmentor or a detector for one scan.

    Attributes:
        name: Of the scan.
        scan: The scan, in its own units and axes.
        names: Of the classes.
        palette: Of the classes, (C, 3) in 0..255.
        labels: (P,) int64 class index of each point, in the order of the scan; None of a detector.
        scores: (P,) float32 in [0, 1], the softmax probability of each label; None of a detector, and of a
            segmentor that gives no logits.
        boxes: The boxes in the scan's own units and axes, best first, with labels and scores; None of a
            segmentor.
        frame: How the scan's numbers become metres with z up.
        source: The file whose rows the points are; None for scans in memory and points drawn on meshes.
    """

    name: str
    scan: Scan
    names: tuple[str, ...]
    palette: tuple[tuple[int, ...], ...]
    labels: np.ndarray | None = None
    scores: np.ndarray | None = None
    boxes: DetectedBoxes | None = None
    frame: ScanFrame = METRES_Z_UP
    source: Path | None = None

    def save(
        self,
        folder: str | os.PathLike,
        formats: Sequence[str] | None = None,
        truth: np.ndarray | None = None,
        unlabelled: int | None = labelled_scan_files.UNLABELLED,
    ) -> list[Path]:
        """Write the files of this prediction, named after the scan, all of them or none.

        Args:
            folder: Where to; made where it is missing.
            formats: Of labels: ply, las, laz, npz, json, png, html, as `write_labelled_scan` describes them;
                by default ply, npz and png. Of boxes: json, ply, png, html, as `write_boxed_scan` does; by
                default json, ply and png.
            truth: (P,) class indices to show beside the labels, or None.
            unlabelled: Label of rows of the file that are no points; None for that of the nearest row.

        Returns:
            The paths written.

        Raises:
            ValueError: For a format that this prediction does not have, and as the writers do.
        """
        meta = (folder, self.name, self.scan)
        if self.boxes is not None:
            kinds = boxed_scan_files.DEFAULT_FORMATS if formats is None else formats
            return write_boxed_scan(
                *meta, self.boxes, self.names, self.palette, formats=kinds, frame=self.frame
            )
        return write_labelled_scan(
            *meta,
            self.labels,
            self.names,
            self.palette,
            truth,
            labelled_scan_files.DEFAULT_FORMATS if formats is None else formats,
            unlabelled,
            self.scores,
            self.frame,
            self.source,
        )
