"""Resampled scenes (`seg_info`) of mmdet3d's data sets of blocks: a larger scene stands in more often."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...atomic_write import atomic_write
from ..class_lists import S3DIS, SCANNET, ClassList
from .scenes import MASK_KEYS

FOLDER = 'seg_info'
BLOCKS = {'s3dis': (S3DIS, 4096), 'scannet': (SCANNET, 8192)}
"""Data set -> its classes, and the points of a block that its recipes of PointNet++ draw from a scene."""


def resampled_scenes(num_points: np.ndarray, block_points: int) -> np.ndarray:
    """The scenes of an epoch of blocks: each stands once for so many of its points, to the nearest number.

    A scene of less than half a block stands once, where mmdet3d leaves it out.

    Args:
        num_points: (scenes,) points of each.
        block_points: Points of a block.

    Returns:
        (visits,) int32 indices of scenes, ascending.

    Source: the converter of mmdet3d 1.4 (`S3DISSegData` and `ScanNetSegData`).
    """
    num_points = np.asarray(num_points, dtype=np.int64)
    total = num_points.sum()
    visits = np.rint(num_points / float(max(total, 1)) * int(total / block_points)).astype(np.int64)
    return np.repeat(np.arange(len(num_points), dtype=np.int32), np.maximum(visits, 1))


def label_weights(num_points: np.ndarray) -> np.ndarray:
    """Weights of classes in the loss: 1 / ln(1.2 + share of the labelled points).

    Args:
        num_points: (classes,) points of each.

    Returns:
        (classes,) float32 in [1.27, 5.49].

    Source: PointNet++ (arXiv 1706.02413), the authors' code for ScanNet.
    """
    share = np.asarray(num_points).astype(np.float32)
    share /= max(share.sum(), np.float32(1))
    return (1.0 / np.log(1.2 + share)).astype(np.float32)


def write_seg_info(root: Path, dataset: str, split: str, data_list: Sequence[dict[str, Any]]) -> list[Path]:
    """Write which scenes mmdet3d's data set visits, and its weights of classes, where it knows the data set.

    Args:
        root: Folder of the data set, with the masks of all scenes.
        dataset: Its name in the info files.
        split: The split's.
        data_list: Entries of the split's info file.

    Returns:
        The files: none for other data sets than S3DIS and ScanNet, and for scenes without labels.
    """
    key = MASK_KEYS['semantic_mask']
    if dataset not in BLOCKS or not all(key in entry for entry in data_list):
        return []
    classes, block_points = BLOCKS[dataset]
    counts = np.array([_label_counts(root / 'semantic_mask' / entry[key], classes) for entry in data_list])
    counts = counts.reshape(-1, len(classes) + 1)  # of no scene, where all are broken
    arrays = {
        'resampled_scene_idxs': resampled_scenes(counts.sum(axis=1), block_points),
        'label_weight': label_weights(counts[:, :-1].sum(axis=0)),
    }
    paths = []
    for name, array in arrays.items():
        paths.append(root / FOLDER / f'{split}_{name}.npy')
        with atomic_write(paths[-1]) as part:
            np.save(part, array)
    return paths


def _label_counts(mask: Path, classes: ClassList) -> np.ndarray:
    """(classes + 1,) points of each class of a scene, and of none."""
    ids = np.bincount(np.fromfile(mask, dtype=np.int64), minlength=max(classes.raw_ids) + 1)
    own = ids[list(classes.raw_ids)]
    return np.append(own, ids.sum() - own.sum())
