"""Features drawn to the anchor of their class, and off those of a few others."""

from __future__ import annotations

import torch
from mmdet3d.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class AnchorMarginLoss(nn.Module):
    """Hinges on the distances of a feature from its own anchor and, in the mean, from some others.

    With ``d(f, A_k) = 1 - cos(f, A_k)``, for a feature ``f`` of class ``y`` and classes ``n_1 .. n_J`` drawn
    uniformly, with replacement, from all classes but ``y``::

        loss_pos = relu(d(f, A_y) - pos_margin)
        loss_neg = neg_weight * relu(neg_margin - mean_j d(f, A_{n_j}))

    each in the mean over the labelled features. The distances are averaged before the hinge: one near anchor
    costs nothing while the others are far.

    Args:
        pos_margin: Distance from its own anchor below which a feature is near enough.
        neg_margin: Mean distance from the others above which it is far enough.
        num_negatives: Number J of other classes that are drawn for each feature.
        neg_weight: Weight of ``loss_neg``.
        shuffle: Give the labels to the labelled features in random order, which leaves of the labels only how
            many there are of each: the control.

    Source: LGround, arXiv 2204.07761, section 3.2; lib/losses/ContrastiveLanguageLoss.py of
        github.com/RozDavid/LanguageGroundedSemseg (3af87e9). The release divides by the number of all points:
        its loss is the smaller, the fewer are labelled; here it is the mean over the labelled ones.
    """

    def __init__(
        self,
        pos_margin: float = 0.0,
        neg_margin: float = 0.6,
        num_negatives: int = 3,
        neg_weight: float = 1.0,
        shuffle: bool = False,
    ) -> None:
        super().__init__()
        for name, margin in dict(pos_margin=pos_margin, neg_margin=neg_margin).items():
            if not 0 <= margin <= 2:
                raise ValueError(f'{name} must be a distance in [0, 2], got {margin}')
        if num_negatives < 1:
            raise ValueError(f'num_negatives must be at least 1, got {num_negatives}')
        if not neg_weight >= 0:
            raise ValueError(f'neg_weight must be at least 0, got {neg_weight}')
        self.pos_margin = pos_margin
        self.neg_margin = neg_margin
        self.num_negatives = num_negatives
        self.neg_weight = neg_weight
        self.shuffle = shuffle

    def forward(self, cosines: Tensor, labels: Tensor, ignore_index: int = 255) -> dict[str, Tensor]:
        """``loss_pos`` and ``loss_neg``; 0 where nothing is labelled.

        Args:
            cosines: ``(N, K)`` in [-1, 1], of each feature with each of K anchors, at least two.
            labels: ``(N,)`` int64, classes below K or ``ignore_index``.
            ignore_index: Label of features that take no part.
        """
        labelled = labels != ignore_index
        cosines, labels = cosines[labelled].float(), labels[labelled]
        if len(labels) == 0:
            return dict(loss_pos=cosines.sum(), loss_neg=cosines.sum())
        if self.shuffle:
            labels = labels[torch.randperm(len(labels), device=labels.device)]
        others = draw_other_classes(labels, cosines.shape[1], self.num_negatives)
        own = 1 - cosines.gather(1, labels[:, None])[:, 0]
        distance = (1 - cosines.gather(1, others)).mean(dim=1)
        return dict(
            loss_pos=(own - self.pos_margin).relu().mean(),
            loss_neg=self.neg_weight * (self.neg_margin - distance).relu().mean(),
        )


def draw_other_classes(labels: Tensor, num_classes: int, count: int) -> Tensor:
    """Classes ``(N, count)`` int64 for labels ``(N,)``: uniform, with replacement, over all but its own."""
    drawn = torch.randint(num_classes - 1, (len(labels), count), device=labels.device)
    return drawn + (drawn >= labels[:, None]).long()
