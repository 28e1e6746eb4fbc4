"""Cross-entropy with the Lovasz-softmax loss, the surrogate of the mean IoU."""

from __future__ import annotations

from collections.abc import Sequence

from mmdet3d.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class CrossEntropyLovasz(nn.Module):
    """Mean cross-entropy of the labelled rows, and their Lovasz-softmax over the classes that occur.

    mmdet3d's ``LovaszLoss`` is given labelled rows alone and in float32: it stops at a single labelled row
    among others and at other types, and is no number where no row is labelled, which here costs 0.

    Args:
        class_weight: Factor of each class in the cross-entropy.
        lovasz_weight: Factor of the Lovasz-softmax.

    Source: arXiv 1705.08790 (Lovasz-softmax); both terms in arXiv 2207.04397.
    """

    def __init__(self, class_weight: Sequence[float] | None = None, lovasz_weight: float = 1.0) -> None:
        super().__init__()
        self.cross_entropy = MODELS.build(
            dict(type='mmdet.CrossEntropyLoss', avg_non_ignore=True, class_weight=class_weight)
        )
        self.lovasz = MODELS.build(dict(type='mmdet3d.LovaszLoss', reduction='none'))
        self.lovasz_weight = lovasz_weight

    def forward(self, logits: Tensor, labels: Tensor, ignore_index: int = 255) -> Tensor:
        """The loss of ``(N, K)`` logits with ``(N,)`` int64 labels, classes or ``ignore_index``."""
        labelled = labels != ignore_index
        logits, labels = logits[labelled], labels[labelled]
        if not len(labels):
            return logits.sum() * 0
        lovasz = self.lovasz(logits.float(), labels, ignore_index=None)
        return self.cross_entropy(logits, labels) + self.lovasz_weight * lovasz
