"""Contrast of matched rows: -mean_i log(exp(q_i.k_i / t) / sum_j exp(q_i.k_j / t)) of unit vectors."""

from __future__ import annotations

import torch
from mmdet3d.registry import MODELS
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from ...models.losses.global_mean import global_mean
from ..gathered_rows import gather_rows
from .matched_rows import check_rows


@MODELS.register_module()
class InfoNCE(nn.Module):
    """Cross-entropy over the similarities of N matched rows; the other rows are the negatives.

    The rows of all processes are compared with each other, and the mean is over all of them, as in a training
    of one process on the joined batch. Computed in float32 whatever autocast says: at a temperature of 0.04
    logits span -25 .. 25.

    Args:
        temperature: Divisor of the cosines.
        symmetric: Average over both directions instead of queries against keys alone.
        loss_weight: Factor.

    Source: PPNCE of arXiv 2104.04687, equation 1; PointInfoNCE of arXiv 2007.10985, equation 2.
    """

    def __init__(self, temperature: float = 0.04, symmetric: bool = False, loss_weight: float = 1.0) -> None:
        super().__init__()
        if not temperature > 0:
            raise ValueError(f'temperature must be positive, got {temperature}')
        self.temperature = temperature
        self.symmetric = symmetric
        self.loss_weight = loss_weight

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        pairs: tuple[Tensor, Tensor] | None = None,
        alone: bool = False,
    ) -> Tensor:
        """Loss of matched rows.

        Without pairs, as of crops that share no place, it is 0 and its gradient reaches all that made rows.

        Args:
            query: ``(N, C)`` rows.
            key: ``(M, C)`` rows.
            pairs: ``(K,)`` int64 rows of the queries and ``(K,)`` of the keys that match. Row i matches row i
                by default.
            alone: Compare the rows with each other only, whatever rows other processes have: for a contrast
                within one scene or sample, of which processes may have unequally many.

        Raises:
            ValueError: If the shapes do not fit.
        """
        check_rows(query, key, pairs)
        if pairs is not None:
            query, key = query[pairs[0]], key[pairs[1]]
        with torch.autocast(query.device.type, enabled=False):
            query, key = (normalize(rows.float(), dim=1) for rows in (query, key))
            loss = self._cross_entropy(query, key, alone)
            if self.symmetric:
                loss = (loss + self._cross_entropy(key, query, alone)) / 2
            if not alone:
                loss = global_mean(loss, len(query))
        return self.loss_weight * loss

    def _cross_entropy(self, query: Tensor, key: Tensor, alone: bool) -> Tensor:
        """Mean over the queries ``(N, C)`` of this process; 0 of none."""
        keys, start = (key, 0) if alone else gather_rows(key)
        logits = query @ keys.t() / self.temperature
        if len(logits) == 0:
            return logits.sum() + key.sum()
        return cross_entropy(logits, start + torch.arange(len(logits), device=logits.device))
