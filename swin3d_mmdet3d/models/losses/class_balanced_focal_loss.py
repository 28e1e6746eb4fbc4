"""Focal loss whose classes weigh the more, the rarer they are."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmdet3d.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class ClassBalancedFocalLoss(nn.Module):
    """Mean over labelled rows of ``-alpha_y (1 - p_y)^gamma log p_y``, with the softmax p of the logits.

    Args:
        num_classes: Number K of classes.
        gamma: How much less rows count that are predicted well; 0 gives a weighted cross entropy.
        alpha: Weight of each class; 1 by default, until :meth:`balance` is called, as by
            ``ClassWeightsHook``. Checkpoints carry them.

    Source: arXiv 1708.02002, equation 5, over a softmax. LGround, arXiv 2204.07761, fine-tunes with it; the
        weights of its release come as a file without a formula.
    """

    def __init__(self, num_classes: int, gamma: float = 2.0, alpha: Sequence[float] | None = None) -> None:
        super().__init__()
        weights = [1.0] * num_classes if alpha is None else list(alpha)
        if len(weights) != num_classes or not all(weight >= 0 for weight in weights):
            raise ValueError(f'alpha must be {num_classes} weights of at least 0, got {alpha}')
        if not gamma >= 0:
            raise ValueError(f'gamma must be at least 0, got {gamma}')
        self.num_classes = num_classes
        self.gamma = gamma
        self.register_buffer('alpha', torch.tensor(weights, dtype=torch.float32))

    def balance(self, counts: Tensor) -> None:
        """Weigh the classes by :func:`rare_class_weights` of their counts ``(K,)``."""
        if counts.shape != self.alpha.shape:
            raise ValueError(f'counts must be {self.num_classes} numbers, got shape {tuple(counts.shape)}')
        self.alpha.copy_(rare_class_weights(counts))

    def forward(self, logits: Tensor, labels: Tensor, ignore_index: int = 255) -> Tensor:
        """The loss; 0 where no row is labelled.

        Args:
            logits: ``(N, K)``.
            labels: ``(N,)`` int64, classes or ``ignore_index``.
            ignore_index: Label of rows that take no part.
        """
        labelled = labels != ignore_index
        logits, labels = logits[labelled].float(), labels[labelled]
        if len(labels) == 0:
            return logits.sum()
        log_p = logits.log_softmax(dim=1).gather(1, labels[:, None])[:, 0]
        # 1 - p without cancellation; where p is 1 its power has no finite gradient
        miss = (-torch.expm1(log_p)).clamp(min=torch.finfo(log_p.dtype).tiny)
        return -(self.alpha.to(log_p)[labels] * miss**self.gamma * log_p).mean()


def rare_class_weights(counts: Tensor) -> Tensor:
    """Weights ``(K,)`` float32, ``1 / ln(1.02 + share)``, over their mean by shares, so that a row's is 1.

    Classes that never occur weigh 50 times as much as one that is all there is, and the mean over rows stays
    that of unweighted losses.

    Args:
        counts: ``(K,)`` rows of each class, at least one in all.

    Source: ENet, arXiv 1606.02147, section 5.2.
    """
    if not bool(counts.sum() > 0):
        raise ValueError('counts must hold at least one labelled row, got none')
    share = counts.double() / counts.sum()
    weights = 1 / torch.log(1.02 + share)
    return (weights / (share * weights).sum()).float()
