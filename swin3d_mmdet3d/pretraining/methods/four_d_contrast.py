"""4DContrast: features of a scan agree with those of a sequence in which an object moves through it."""

from __future__ import annotations

from typing import Any

from mmdet3d.registry import MODELS
from mmengine.model import ModuleDict
from torch import Tensor

from ...models.losses.global_mean import global_mean
from ...structures import CloudView
from ..base import BasePretrainer
from ..feature_spread import feature_spread

TERMS = ('3d3d', '3d4d', '4d3d', '4d4d')
"""Which features predict which: '3d4d' are those of the student that predict the sequence's."""


@MODELS.register_module()
class FourDContrast(BasePretrainer):
    """What belongs to one place of the scene or of the moving object has one feature, at any time.

    The student sees the first and the last frame of a sequence, a second network all of it, the object's way
    with it. Predictions p = h(z) of one agree with the features z' of the other at matched voxels by
    D(p, sg(z')) = 1 - cos, both ways: L = L_3D3D (student at both times) + L_3D4D (student and sequence at
    one time) + L_4D4D (sequence at both times). There are no negatives; predictors and stopped
    gradients keep features from collapsing. The student is kept, the rest is not.

    Args:
        sequence: Config of a :class:`SequenceNetwork`.
        head: Config of the projection of the student's features.
        sequence_head: Config of that of the sequence's, into as many channels.
        predictor: Config of a predictor, of which there is one for each of ``TERMS``.
        matcher: Config of the choice of pairs, which takes two views.
        criterion: Config of the distance of predictions and targets.
        kwargs: Arguments of :class:`BasePretrainer`.

    Source: arXiv 2112.02990, whose code is not public. The three terms are the paper's, and so is learning
        without negatives; form and widths of the networks, equal weights and the placing of the object are
        ours.
    """

    def __init__(
        self,
        sequence: dict,
        head: dict,
        sequence_head: dict,
        predictor: dict,
        matcher: dict,
        criterion: dict | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.sequence = MODELS.build(sequence)
        self.head, self.sequence_head = MODELS.build(head), MODELS.build(sequence_head)
        self.predictors = ModuleDict({term: MODELS.build(predictor) for term in TERMS})
        self.matcher = MODELS.build(matcher)
        self.criterion = MODELS.build(criterion or dict(type='mmdet3d.CosineDistance'))

    def loss(self, views: list[CloudView], data_samples: list | None) -> dict[str, Tensor]:
        """The three terms of the first and the last frame, 0 where no voxels match.

        Logged are the pairs of a sample between the student's frames, the share of them on the object, and
        the spread of the paired features.

        Args:
            views: First frame, last frame, and all T frames of the sequence (``SequenceViews``).
            data_samples: Not used.

        Raises:
            ValueError: If there are fewer than four views.
        """
        if len(views) < 4:
            raise ValueError(f'views must be two and a sequence of at least two frames, got {len(views)}')
        first, last, *sequence = views
        start, end = (self.head(self.encode(view).finest[0]) for view in (first, last))
        feats = self.sequence(sequence)
        before, after = (self.sequence_head(feats[time]) for time in (0, -1))
        pairs = self.matcher(first, last)
        by_time = (
            self._agreement('3d', start, '4d', before, self.matcher(first, sequence[0])),
            self._agreement('3d', end, '4d', after, self.matcher(last, sequence[-1])),
        )
        losses = dict(
            loss_3d3d=self._agreement('3d', start, '3d', end, pairs),
            loss_3d4d=(by_time[0] + by_time[1]) / 2,
            loss_4d4d=self._agreement('4d', before, '4d', after, self.matcher(sequence[0], sequence[-1])),
            pairs_per_sample=first.feats.new_tensor(len(pairs[0]) / first.voxels.batch_size),
        )
        if len(pairs[0]) > 1:
            losses['moving_pairs'] = first.at_voxels('moving')[pairs[0]].float().mean()
            losses['point_spread'] = feature_spread(start[pairs[0]])
        return losses

    def _agreement(
        self, kind: str, feats: Tensor, other_kind: str, others: Tensor, pairs: tuple[Tensor, Tensor]
    ) -> Tensor:
        """Mean distance of the predictions of ``(N, E)`` and ``(M, E)`` features to each other's features."""
        there = self.predictors[kind + other_kind](feats)
        back = self.predictors[other_kind + kind](others)
        loss = (self.criterion(there, others, pairs) + self.criterion(back, feats, pairs[::-1])) / 2
        return global_mean(loss, len(pairs[0]))
