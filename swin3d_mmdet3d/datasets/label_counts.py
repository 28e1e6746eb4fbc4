"""How many points of each class a training set has."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmcv.transforms import Compose
from mmengine.utils import track_iter_progress

from .wrapped_datasets import data_sets_within

LOADED = (
    dict(type='LoadColoredPoints'),
    dict(type='LoadSceneAnnotations', with_bbox_3d=False, with_label_3d=False, with_seg_3d=True),
    dict(type='MapSemanticLabels'),
)
"""From an info entry to the labels of its points."""


def label_counts(dataset: Any, num_classes: int, rank: int = 0, world_size: int = 1) -> np.ndarray:
    """Points of each class ``(num_classes,)`` int64 in the scenes of a data set, augmented by nothing.

    Args:
        dataset: A data set of segmentation, wrapped or not.
        num_classes: Labels are 0 .. num_classes - 1, or others, which count for nothing.
        rank: Which share of the scenes to count.
        world_size: How many shares there are.
    """
    load = Compose(list(LOADED))
    scenes = [(inner, index) for inner in data_sets_within(dataset) for index in range(len(inner))]
    counts = np.zeros(num_classes, dtype=np.int64)
    for inner, index in track_iter_progress(scenes[rank::world_size]):
        labels = load(inner.get_data_info(index))['pts_semantic_mask']
        counts += np.bincount(labels[labels < num_classes], minlength=num_classes)
    return counts
