"""What the overlap losses of pairs of boxes share: weights, reduction and factor."""

from __future__ import annotations

from abc import ABCMeta, abstractmethod

from mmdet.models.losses.utils import weight_reduce_loss
from torch import Tensor, nn

REDUCTIONS = ('none', 'mean', 'sum')


class OverlapLoss(nn.Module, metaclass=ABCMeta):
    """A loss of each pair of boxes, weighted and reduced as mmdet's losses are.

    Args:
        reduction: 'none', 'mean' or 'sum'.
        loss_weight: Factor of the loss.

    Raises:
        ValueError: Naming ``reduction``, if it is none of these.
    """

    def __init__(self, reduction: str = 'mean', loss_weight: float = 1.0) -> None:
        super().__init__()
        if reduction not in REDUCTIONS:
            raise ValueError(f'reduction must be one of {REDUCTIONS}, got {reduction!r}')
        self.reduction = reduction
        self.loss_weight = loss_weight

    def forward(
        self,
        pred: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        avg_factor: float | None = None,
    ) -> Tensor:
        """Loss of N boxes against their targets, in the numbers that :meth:`each` takes.

        Args:
            pred: Predicted boxes.
            target: Boxes to be predicted.
            weight: ``(N,)`` factors of the pairs.
            avg_factor: What the sum is divided by instead of N; for 'mean' alone.
        """
        loss = weight_reduce_loss(self.each(pred, target), weight, self.reduction, avg_factor)
        return self.loss_weight * loss

    @abstractmethod
    def each(self, pred: Tensor, target: Tensor) -> Tensor:
        """Losses ``(N,)`` of the pairs."""
