"""Deep supervision: classifiers at several scales of a segmentor, which only train it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mmdet3d.registry import MODELS
from mmengine.model import BaseModule, ModuleList
from torch import Tensor

from ...models.necks.level_concat import rows_of
from ...models.voxel_labels import majority_labels, voxel_labels
from ...structures import Levels, SparseVoxels
from ..heads import ProjectionHead


@dataclass(frozen=True, eq=False)
class Scale:
    """What a scale gives of a batch.

    Attributes:
        feats: ``(M, C)`` features of its voxels.
        logits: ``(M, K)`` their classes by the scale's classifier.
        row: ``(N,)`` int64, the voxel of the scale that holds each of the batch's N.
    """

    feats: Tensor
    logits: Tensor
    row: Tensor


@MODELS.register_module()
class DeepSupervision(BaseModule):
    """A loss of classes at each of several levels; a coarse voxel has the label of most voxels in it.

    Args:
        levels: Names of the levels, as of :class:`Levels`.
        in_channels: Width of each.
        num_classes: Number K of classes.
        hidden_channels: Width of the classifiers' hidden layer.
        criterion: Config of the loss, called with logits, labels and ``ignore_index``.
        ignore_index: Label that takes no part.
        init_cfg: Initialisation config of mmengine.

    Raises:
        ValueError: If there is not a width for each level, or a level lacks voxels of the batch.

    Source: the 3D heads of arXiv 2207.04397, section 3.3, by themselves: what it is compared with.
    """

    def __init__(
        self,
        levels: Sequence[str],
        in_channels: Sequence[int],
        num_classes: int,
        hidden_channels: int = 64,
        criterion: dict | None = None,
        ignore_index: int = 255,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if not levels or len(levels) != len(in_channels):
            raise ValueError(f'in_channels must be one for each of {list(levels)}, got {list(in_channels)}')
        self.levels = tuple(levels)
        self.num_classes = num_classes
        self.ignore_index = ignore_index
        self.criterion = MODELS.build(criterion or dict(type='mmdet3d.CrossEntropyLovasz'))
        self.classifiers = ModuleList(
            ProjectionHead(width, num_classes, hidden_channels, num_layers=2) for width in in_channels
        )

    def forward(self, levels: Levels, inputs: dict, data_samples: list) -> dict[str, Tensor]:
        """The sum of the scales' losses."""
        return dict(
            loss_deep=self.deep_loss(
                self.scales(levels, inputs['voxels']), voxel_labels(inputs, data_samples)
            )
        )

    def scales(self, levels: Levels, voxels: SparseVoxels) -> list[Scale]:
        """Every scale of a batch with these N voxels."""
        scales = []
        for name, classifier in zip(self.levels, self.classifiers):
            feats, coarse = levels[name]
            scales.append(Scale(feats, classifier(feats), rows_of(voxels, coarse)))
        return scales

    def deep_loss(self, scales: list[Scale], labels: Tensor) -> Tensor:
        """The sum of the scales' losses, for the labels ``(N,)`` of the batch's voxels."""
        return sum(
            self.criterion(
                scale.logits,
                majority_labels(labels, scale.row, len(scale.feats), self.num_classes, self.ignore_index),
                ignore_index=self.ignore_index,
            )
            for scale in scales
        )
