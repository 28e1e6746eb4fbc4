"""One classifier for the union of the classes of several data sets: naive merging."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmdet3d.registry import MODELS
from torch import Tensor, nn

from ...language.vocabulary import class_names_of
from ...structures import SparseVoxels
from .language_aligned_head import condition_of
from .voxel_head import VoxelHead


@MODELS.register_module()
class UnionHead(VoxelHead):
    """A linear classifier of all names, which compete in the loss whatever data set a voxel is of.

    A bed of one data set is taught against the wardrobes of another, and the clutter of one against the
    lamps of another: the conflict of label spaces that :class:`LanguageAlignedHead` leaves out. A name is
    one class in all data sets that have it. Predictions are of the classes of the voxels' own data set.

    Args:
        in_channels: Width C of the voxel features.
        class_names: Condition -> names of its classes in label order; or condition -> name of a data set of
            the indoor vocabulary.
        kwargs: Arguments of :class:`VoxelHead`.

    Raises:
        ValueError: If a name occurs twice in a condition, or if ``ignore_index`` is one of the classes.

    Source: the direct merging of label spaces with which arXiv 2308.09718 begins. That predictions keep to
        the data set's own classes, which spares the merged network its gravest mistakes, is ours.
    """

    def __init__(
        self, in_channels: int, class_names: Mapping[str, str | Sequence[str]], **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        names = {condition: class_names_of(condition, given) for condition, given in class_names.items()}
        for condition, own in names.items():
            if len(set(own)) < len(own):
                raise ValueError(f'class_names of {condition} must be distinct, got {own}')
        self.names = tuple(dict.fromkeys(name for own in names.values() for name in own))
        if not self.names or 0 <= self.ignore_index < len(self.names):
            raise ValueError(
                f'class_names must hold at least one name and at most ignore_index {self.ignore_index}, '
                f'got {len(self.names)}'
            )
        self.conditions = tuple(names)
        self.columns = nn.Module()
        for condition, own in names.items():
            columns = torch.tensor([self.names.index(name) for name in own])
            self.columns.register_buffer(condition, columns, persistent=False)
        self.classifier = nn.Linear(in_channels, len(self.names))

    def forward(self, feats: Tensor, voxels: SparseVoxels) -> Tensor:
        """Logits ``(N, classes of the condition)`` of ``(N, C)`` features."""
        return self.classifier(feats)[:, self._columns_of(voxels)]

    def loss(self, feats: Tensor, voxels: SparseVoxels, labels: Tensor) -> dict[str, Tensor]:
        """Loss over the names of all conditions; arguments and errors as of :class:`VoxelHead`."""
        columns = self._columns_of(voxels)
        self.check_labels(labels, len(columns))
        labelled = labels != self.ignore_index
        merged = torch.where(labelled, columns[labels.where(labelled, 0)], self.ignore_index)
        return self.loss_of_checked(self.classifier(feats), merged)

    def _columns_of(self, voxels: SparseVoxels) -> Tensor:
        return getattr(self.columns, condition_of(voxels, self.conditions))
