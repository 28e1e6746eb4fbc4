"""Labels of voxels: of the finest ones those of their points, of coarse ones the majority's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from mmdet3d.structures import Det3DDataSample
from swin3d_ops.contents import kept
from torch import Tensor

from ..finite_values import sample_names


class LabelRangeError(ValueError):
    """Labels that are no classes.

    Args:
        text: What is expected and what came.
        wrong: ``(N,)`` bool, which ones.
    """

    def __init__(self, text: str, wrong: Tensor) -> None:
        super().__init__(text)
        self.wrong = wrong


@contextmanager
def naming_scenes(scene: Callable[[], Tensor], samples: Sequence[Det3DDataSample]) -> Iterator[None]:
    """Let a :class:`LabelRangeError` within the block name the scenes that the labels are of.

    Args:
        scene: Gives ``(N,)``, the place in the batch of what each label is of.
        samples: The B samples of the batch.

    Raises:
        ValueError: In its place.
    """
    try:
        yield
    except LabelRangeError as error:
        places, names = scene()[error.wrong].unique().tolist(), sample_names(samples)
        raise ValueError(f'{" and ".join(names[place] for place in places)}: {error}') from None


def voxel_labels(batch_inputs: dict, batch_data_samples: Sequence[Det3DDataSample]) -> Tensor:
    """Labels ``(N,)`` int64 of a batch's voxels: each has that of its representative point.

    Args:
        batch_inputs: What :class:`VoxelPreprocessor` gives.
        batch_data_samples: Samples with ``gt_pts_seg.pts_semantic_mask`` (P,).

    Raises:
        ValueError: Naming the scene, if its labels are not one per point.
    """
    labels, names = [], sample_names(batch_data_samples)
    for points, sample, name in zip(batch_inputs['points'], batch_data_samples, names):
        label = sample.gt_pts_seg.pts_semantic_mask
        if len(label) != len(points):
            raise ValueError(
                f'{name}: pts_semantic_mask must have one label per point, got {len(label)} for {len(points)}'
            )
        labels.append(label.long())
    return torch.cat(labels)[batch_inputs['representative']]


def label_range(labels: Tensor, ignore_index: int) -> tuple[int, int]:
    """The lowest and the highest label that is not ``ignore_index``; where there is none, (0, -1).

    A tensor is looked at once, and again after a write that torch counts: a GPU is waited for, which a look
    before the network makes short.

    Args:
        labels: int64 of any shape.
        ignore_index: Label that takes no part.
    """

    def find() -> tuple[int, int]:
        if not labels.numel():
            return 0, -1
        known, limits = labels != ignore_index, torch.iinfo(labels.dtype)
        ends = torch.where(known, labels, limits.max).amin(), torch.where(known, labels, limits.min).amax()
        low, high = torch.stack(ends).tolist()
        return (low, high) if low <= high else (0, -1)

    return kept(labels, f'range without {ignore_index}', (labels,), find)


def majority_labels(
    labels: Tensor, row: Tensor, num_rows: int, num_classes: int, ignore_index: int
) -> Tensor:
    """The most frequent label ``(M,)`` int64 of the fine voxels in each coarse one.

    Of labels as frequent the lowest wins; a coarse voxel without a labelled fine one has ``ignore_index``.

    Args:
        labels: ``(N,)`` int64, classes or ``ignore_index``.
        row: ``(N,)`` int64, the coarse voxel of each fine one, see :func:`coarse_rows`.
        num_rows: Number M of coarse voxels.
        num_classes: Number K of classes.
        ignore_index: Label of voxels without one.

    Raises:
        ValueError: If a label is neither a class nor ``ignore_index``.
    """
    known = labels != ignore_index
    row, labels = row[known], labels[known]
    if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < num_classes:
        raise ValueError(
            f'labels must be 0 .. {num_classes - 1} or ignore_index {ignore_index}, '
            f'got {int(labels.min())} .. {int(labels.max())}'
        )
    votes = torch.bincount(row * num_classes + labels, minlength=num_rows * num_classes)
    votes = votes.view(num_rows, num_classes)
    rank = votes * num_classes - torch.arange(num_classes, device=votes.device)
    return torch.where(votes.any(dim=1), rank.argmax(dim=1), ignore_index)
