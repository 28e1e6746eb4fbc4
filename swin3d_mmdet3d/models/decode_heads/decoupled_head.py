"""One classifier per data set, without shared classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmdet3d.registry import MODELS
from torch import Tensor, nn

from ...structures import SparseVoxels
from .language_aligned_head import condition_of
from .voxel_head import VoxelHead


@MODELS.register_module()
class DecoupledHead(VoxelHead):
    """A linear classifier for each condition.

    Args:
        in_channels: Width C of the voxel features.
        num_classes: Condition -> number of its classes.
        kwargs: Arguments of :class:`VoxelHead`.

    Source: PPT-v1m2 of github.com/Pointcept/Pointcept, the variant of arXiv 2308.09718 without language.
    """

    def __init__(self, in_channels: int, num_classes: Mapping[str, int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for condition, number in num_classes.items():
            if number < 1 or 0 <= self.ignore_index < number:
                raise ValueError(
                    f'num_classes of {condition} must be at least 1 and at most ignore_index, got {number}'
                )
        self.conditions = tuple(num_classes)
        self.classifiers = nn.ModuleDict(
            {condition: nn.Linear(in_channels, number) for condition, number in num_classes.items()}
        )

    def forward(self, feats: Tensor, voxels: SparseVoxels) -> Tensor:
        """Logits ``(N, classes of the condition)`` of ``(N, C)`` features."""
        return self.classifiers[condition_of(voxels, self.conditions)](feats)
