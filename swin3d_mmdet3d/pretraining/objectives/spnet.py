"""SPNet: a detector learns what its twin learns that is told the classes of the boxes."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace

import torch
from mmdet3d.registry import MODELS
from mmengine.model import BaseModule, ModuleList
from torch import Tensor, nn
from torch.nn.functional import layer_norm, mse_loss

from ...structures import FeatureLevel, Levels, SparseVoxels
from ..box_painting import Paint, paint
from ..group_pooling import group_means
from ..matchers.shuffled_rows import shuffled_rows


@MODELS.register_module()
class SPNet(BaseModule):
    r"""Semantic passing from a twin that is painted with the truth, at three grains.

    The twin is the same detector with K further input features: the class of the box that holds a voxel's
    centre, of the smallest one, 0 elsewhere. It learns to detect by its own losses. At each level the
    student's features s of painted voxels, through a linear adapter A, come close to the twin's t, which are
    fixed targets; each row of either is normalised before (layer norm), so that neither grows to lead:

    .. math::
        w_v \overline{(A s - t)^2} + w_c \overline{(\bar{A s} - \bar t)^2}_{\text{classes}}
            + w_i \overline{(\bar{A s} - \bar t)^2}_{\text{boxes}}

    with means over painted voxels, over the classes of the batch of mean features, and over its boxes
    likewise; averaged over channels and levels. At test the twin is not there.

    Args:
        twin: Config of the detector, as the student's.
        num_classes: Number K of its classes.
        levels: Names of the levels, as of :class:`Levels`.
        in_channels: Width of each.
        weights: w_v, w_c and w_i.
        shuffle: Paint each class of a batch as another, as the control of a comparison.
        init_cfg: Initialisation config of mmengine.

    Raises:
        ValueError: If there is not a width for each level, or not three weights.

    Source: the abstract of arXiv 2207.05497, which is all that was at hand: a teacher trained on points
    painted with the classes of the truth, and passing to the plain network by class, pixel and instance.
    Losses, weights, adapters, painting after the points became voxels, and that twin and student are trained
    at the same time, the paper's teacher before, are ours.
    """

    def __init__(
        self,
        twin: dict,
        num_classes: int,
        levels: Sequence[str],
        in_channels: Sequence[int],
        weights: Sequence[float] = (0.5, 0.5, 0.5),
        shuffle: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if not levels or len(levels) != len(in_channels):
            raise ValueError(f'in_channels must be one for each of {list(levels)}, got {list(in_channels)}')
        if len(weights) != 3:
            raise ValueError(f'weights must be of voxels, classes and boxes, got {list(weights)}')
        self.num_classes = num_classes
        self.levels = tuple(levels)
        self.weights = tuple(weights)
        self.shuffle = shuffle
        twin = copy.deepcopy(twin)
        twin['backbone']['in_channels'] += num_classes
        self.twin = MODELS.build(twin)
        self.adapters = ModuleList(nn.Linear(width, width) for width in in_channels)

    def forward(self, levels: Levels, inputs: dict, data_samples: list) -> dict[str, Tensor]:
        """The twin's loss, and the losses of the three grains; these are 0 without a painted voxel."""
        painted = self._paint(inputs['voxels'], inputs['origin'], data_samples)
        told = painted.one_hot(self.num_classes).to(inputs['feats'])
        inputs = dict(inputs, feats=torch.cat([inputs['feats'], told], dim=1))
        targets = self.twin.encode(inputs)
        loss, _ = self.twin.parse_losses(self.twin.loss_by_levels(targets, inputs, data_samples))
        grains = [
            self._passing(adapter, levels[name], targets[name], inputs['origin'], data_samples)
            for name, adapter in zip(self.levels, self.adapters)
        ]
        names = ('loss_voxels', 'loss_classes', 'loss_boxes')
        means = (sum(losses) / len(grains) for losses in zip(*grains))
        passing = {name: weight * mean for name, weight, mean in zip(names, self.weights, means)}
        return dict(loss_twin=loss, **passing)

    def _paint(self, voxels: SparseVoxels, origin: Tensor, data_samples: list) -> Paint:
        painted = paint(voxels, origin, data_samples)
        return replace(painted, classes=shuffled_rows(painted.classes)) if self.shuffle else painted

    def _passing(
        self,
        adapter: nn.Linear,
        level: FeatureLevel,
        target: FeatureLevel,
        origin: Tensor,
        data_samples: list,
    ) -> tuple[Tensor, ...]:
        """The losses of voxels, classes and boxes at a level."""
        feats, voxels = level
        painted = paint(voxels, origin, data_samples)
        rows = painted.rows
        own, wanted = adapter(normalized(feats[rows])), normalized(target[0][rows].detach())
        if not len(rows):
            return (own.sum(),) * 3  # 0, and so are all gradients
        box = painted.box[rows]
        groups = (painted.classes[box], self.num_classes), (box, len(painted.classes))
        return mse_loss(own, wanted), *(group_distance(own, wanted, *group) for group in groups)


def normalized(feats: Tensor) -> Tensor:
    """Each of ``(N, C)`` rows with mean 0 and variance 1."""
    return layer_norm(feats, feats.shape[1:])


def group_distance(own: Tensor, wanted: Tensor, group: Tensor, num_groups: int) -> Tensor:
    """Mean squared difference of the mean rows of two ``(M, C)`` sets in each group that has any."""
    (own, there), (wanted, _) = (group_means(rows, group, num_groups) for rows in (own, wanted))
    return mse_loss(own[there], wanted[there])
