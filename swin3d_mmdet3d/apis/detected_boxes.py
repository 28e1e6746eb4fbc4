"""Detected boxes and their JSON file."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from mmdet3d.structures import BaseInstance3DBoxes
from mmengine.structures import InstanceData
from torch import Tensor

from ..atomic_write import atomic_write
from ..json_text import parse_json
from ..scan_files import METRES_Z_UP, ScanFrame
from ..visualization import BoxSet, box_corners

_UNITS = '{frame}, radians; yaw turns the box about the axis that points up, counter-clockwise from above'


@dataclass(frozen=True, eq=False)
class DetectedBoxes:
    """The boxes that a detector found in a scan.

    Attributes:
        center: (B, 3) float64 in metres with z up, unless a `ScanFrame` says otherwise.
        size: (B, 3) float64 full edge lengths.
        yaw: (B,) float64 turn about the axis that points up in radians, counter-clockwise from above.
        score: (B,) float64 in [0, 1].
        label: (B,) int64 class indices.
    """

    center: np.ndarray
    size: np.ndarray
    yaw: np.ndarray
    score: np.ndarray
    label: np.ndarray

    def __post_init__(self) -> None:
        for name, columns in (('center', (3,)), ('size', (3,)), ('yaw', ()), ('score', ()), ('label', ())):
            value = getattr(self, name)
            if value.shape != (len(self.label), *columns):
                raise ValueError(f'{name}: expected shape {(len(self.label), *columns)}, got {value.shape}')
            if not np.isfinite(value).all():
                raise ValueError(f'{name}: expected finite numbers, got NaN or infinity')

    @classmethod
    def of_instances(cls, found: InstanceData) -> DetectedBoxes:
        """The boxes of a detector's ``pred_instances_3d``: ``bboxes_3d``, ``scores_3d`` and ``labels_3d``."""
        return cls.of_boxes(found.bboxes_3d, found.labels_3d, found.scores_3d)

    @classmethod
    def of_boxes(
        cls, boxes: BaseInstance3DBoxes, label: Tensor, score: Tensor | None = None
    ) -> DetectedBoxes:
        """mmdet3d's boxes with their classes ``(B,)`` and scores ``(B,)``, 1 without any."""
        score = torch.ones(len(label)) if score is None else score
        columns = dict(center=boxes.gravity_center, size=boxes.dims, yaw=boxes.yaw, score=score)
        arrays = {name: value.cpu().numpy().astype(np.float64) for name, value in columns.items()}
        return cls(label=label.cpu().numpy().astype(np.int64), **arrays)

    def __len__(self) -> int:
        return len(self.label)

    def __getitem__(self, rows: np.ndarray) -> DetectedBoxes:
        return DetectedBoxes(*(getattr(self, field.name)[rows] for field in dataclasses.fields(self)))

    def best_first(self) -> DetectedBoxes:
        """The boxes in descending order of their scores."""
        return self[np.argsort(-self.score, kind='stable')]

    def above(self, min_score: float) -> DetectedBoxes:
        """The boxes whose score is at least `min_score`."""
        return self[self.score >= min_score]

    def moved(self, shift: np.ndarray) -> DetectedBoxes:
        """The boxes `shift` (3,) metres farther."""
        return dataclasses.replace(self, center=self.center + shift)

    def turned(self, angle: float) -> DetectedBoxes:
        """The boxes turned by `angle` in radians about the z axis of their frame."""
        if angle == 0:
            return self
        c, s = np.cos(angle), np.sin(angle)
        center = self.center @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])
        return dataclasses.replace(self, center=center, yaw=self.yaw + angle)

    def in_frame(self, frame: ScanFrame) -> DetectedBoxes:
        """Boxes in metres with z up, in a scan's own units and axes; the yaw is about its own up axis."""
        return dataclasses.replace(
            self, center=frame.own_points(self.center), size=frame.own_lengths(self.size)
        )

    def upright(self, frame: ScanFrame) -> DetectedBoxes:
        """Boxes in a scan's own units and axes, in metres with z up."""
        return dataclasses.replace(
            self, center=frame.upright_points(self.center), size=frame.upright_lengths(self.size)
        )

    def drawn(self, title: str, is_certain: bool = False) -> BoxSet:
        """The boxes to be drawn, in metres with z up; those that are certain have no scores."""
        corners = box_corners(self.center, self.size, self.yaw)
        return BoxSet(title, corners, self.label, None if is_certain else self.score)


def write_boxes(
    path: str | os.PathLike,
    boxes: DetectedBoxes,
    names: Sequence[str],
    frame: ScanFrame = METRES_Z_UP,
) -> None:
    """Write boxes as JSON: `classes`, `units`, and `boxes` with class, score, center, size and yaw.

    Args:
        path: The file; it appears whole or not at all.
        boxes: The boxes, in the order in which they are written.
        names: Class names.
        frame: Whose units and axes the boxes are in.

    Raises:
        ValueError: When a label has no name.
    """
    if len(boxes) and (boxes.label.min() < 0 or boxes.label.max() >= len(names)):
        raise ValueError(f'label: expected 0..{len(names) - 1}, got {boxes.label.min()}..{boxes.label.max()}')
    entries = [
        {
            'class': names[boxes.label[i]],
            'score': float(boxes.score[i]),
            'center': boxes.center[i].tolist(),
            'size': boxes.size[i].tolist(),
            'yaw': float(boxes.yaw[i]),
        }
        for i in range(len(boxes))
    ]
    content = {'classes': list(names), 'units': _UNITS.format(frame=frame.told), 'boxes': entries}
    with atomic_write(path) as part:
        part.write_text(json.dumps(content, indent=1))


def read_boxes(path: str | os.PathLike) -> tuple[DetectedBoxes, tuple[str, ...]]:
    """Boxes and class names of a file of `write_boxes`.

    Raises:
        ValueError: When the file is not there or of another layout.
    """
    try:
        content = parse_json(Path(path).read_text())
        names, entries = tuple(content['classes']), content['boxes']
        label = np.array([names.index(entry['class']) for entry in entries], dtype=np.int64)
        columns = {key: np.array([e[key] for e in entries], dtype=np.float64) for key in ('score', 'yaw')}
        for key in ('center', 'size'):
            columns[key] = np.array([e[key] for e in entries], dtype=np.float64).reshape(len(label), 3)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f'{path} is not a file of boxes: {error!r}') from error
    return DetectedBoxes(label=label, **columns), names
