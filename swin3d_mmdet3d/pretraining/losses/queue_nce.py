"""Contrast with a queue: -mean_i log(exp(q_i.k_i / t) / (exp(q_i.k_i / t) + sum_j exp(q_i.n_j / t)))."""

from __future__ import annotations

import torch
from mmdet3d.registry import MODELS
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from ..matchers.shuffled_rows import shuffled_rows
from ..memory_queue import MemoryQueue
from .matched_rows import check_rows


@MODELS.register_module()
class QueueNCE(nn.Module):
    """Cross-entropy of N queries, each with a key of its own and the keys of earlier batches as negatives.

    The keys of a batch enter the queue once its loss is computed, in training alone. They have no gradient.
    Computed in float32 whatever autocast says.

    Args:
        size: Keys in the queue.
        channels: Width of the rows.
        temperature: Divisor of the cosines.
        shuffle: Compare each query with the key of another, as the control of a comparison.
        loss_weight: Factor.

    Raises:
        ValueError: If ``size`` or ``temperature`` is not positive.

    Source: arXiv 1911.05722 (MoCo), equation 1 and algorithm 1.
    """

    def __init__(
        self,
        size: int,
        channels: int,
        temperature: float = 0.07,
        shuffle: bool = False,
        loss_weight: float = 1.0,
    ) -> None:
        super().__init__()
        if not temperature > 0:
            raise ValueError(f'temperature must be positive, got {temperature}')
        self.queue = MemoryQueue(size, channels)
        self.temperature = temperature
        self.shuffle = shuffle
        self.loss_weight = loss_weight

    def forward(self, query: Tensor, key: Tensor) -> Tensor:
        """Loss of queries ``(N, C)`` and their keys ``(N, C)``, row by row.

        Raises:
            ValueError: If the shapes do not fit.
        """
        check_rows(query, key, None)
        with torch.autocast(query.device.type, enabled=False):
            query, key = (normalize(rows.float(), dim=1) for rows in (query, key.detach()))
            own = key[shuffled_rows(torch.arange(len(key), device=key.device))] if self.shuffle else key
            positive = (query * own).sum(dim=1, keepdim=True)
            logits = torch.cat([positive, query @ self.queue.rows.t()], dim=1) / self.temperature
            loss = cross_entropy(logits, logits.new_zeros(len(logits), dtype=torch.int64))
        if self.training:
            self.queue.push(key)
        return self.loss_weight * loss
