"""Labels of one list of class names in terms of another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def match_labels(label: np.ndarray, label_names: Sequence[str], names: Sequence[str]) -> np.ndarray:
    """Translate labels from one list of class names to another.

    Args:
        label: (P,) indices into `label_names`.
        label_names: The classes of `label`.
        names: The classes wanted.

    Returns:
        (P,) int64 indices into `names`, -1 for a class that is not among them.
    """
    places = {name.lower(): i for i, name in enumerate(names)}
    table = np.array([places.get(name.lower(), -1) for name in label_names] + [-1])
    known = (label >= 0) & (label < len(label_names))
    return table[np.where(known, label, len(label_names))].astype(np.int64)
