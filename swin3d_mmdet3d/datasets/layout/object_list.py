"""What all data sets of objects give, however they lie on disk: names, labels and points."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np


class ObjectList:
    """The objects of a split.

    Args:
        root: Folder of the data set.
        split: Name of the split.
        splits: The splits that there are.

    Attributes:
        classes: Names of the classes, in the order of the labels.
        names: Name of each object.
        labels: Class of each object, an index into ``classes``.

    Raises:
        ValueError: Naming ``split`` or what is missing on disk.
    """

    classes: tuple[str, ...]
    names: list[str]
    labels: list[int]

    def __init__(self, root: Path, split: str, splits: Sequence[str]) -> None:
        if split not in splits:
            raise ValueError(f'split must be one of {", ".join(splits)}, got {split!r}')
        if not root.is_dir():
            raise ValueError(f'{root} must be the folder of the data set, it is missing')
        self.root = root
        self.split = split

    def points(self, row: int) -> np.ndarray:
        """``(P, 3)`` float32 of an object; ValueError naming its file, if that is missing or broken."""
        raise NotImplementedError

    def parts(self, row: int) -> np.ndarray | None:
        """``(P,)`` int64 part of each point, where the data set has parts."""
        return None

    @staticmethod
    def checked(points: np.ndarray, path: Path) -> np.ndarray:
        """The points, if they are ``(P, 3)`` with P >= 1 and finite; ValueError naming the file otherwise."""
        if points.ndim != 2 or points.shape[1] != 3 or not len(points) or not np.isfinite(points).all():
            raise ValueError(f'{path} must hold finite points (P, 3) with P >= 1, got shape {points.shape}')
        return points


def read_lines(path: Path) -> list[str]:
    """The lines of a text file that are not empty; ValueError naming it, if it is missing or has none."""
    if not path.is_file():
        raise ValueError(f'{path} is missing')
    lines = [line.strip() for line in path.read_text().splitlines() if line.strip()]
    if not lines:
        raise ValueError(f'{path} must name at least one object, it is empty')
    return lines
