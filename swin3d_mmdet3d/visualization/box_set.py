"""Box sets: boxes of one origin, to be drawn together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class BoxSet:
    """Boxes with their classes, such as those of the truth or those that a detector found.

    Attributes:
        title: What they are.
        corners: ``(B, 8, 3)`` metres, of `box_corners`.
        label: ``(B,)`` class indices.
        score: ``(B,)`` in [0, 1], or None for boxes that are certain.
    """

    title: str
    corners: np.ndarray
    label: np.ndarray
    score: np.ndarray | None = None

    def __post_init__(self) -> None:
        boxes = len(self.label)
        if np.shape(self.corners) != (boxes, 8, 3):
            raise ValueError(
                f'{self.title}: expected corners ({boxes}, 8, 3) for the labels, got {np.shape(self.corners)}'
            )
        if self.score is not None and np.shape(self.score) != (boxes,):
            raise ValueError(
                f'{self.title}: expected a score for each of {boxes} boxes, got {np.shape(self.score)}'
            )

    def __len__(self) -> int:
        return len(self.label)

    def __getitem__(self, rows: np.ndarray) -> BoxSet:
        score = None if self.score is None else self.score[rows]
        return BoxSet(self.title, self.corners[rows], self.label[rows], score)
