"""Contrast of matched rows: -mean_i log(exp(q_i.k_i / t) / sum_j exp(q_i.k_j / t)) of unit vectors."""

from __future__ import annotations

import torch
from mmdet3d.registry import MODELS
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from .matched_rows import check_rows


@MODELS.register_module()
class InfoNCE(nn.Module):
    """Cross-entropy over the similarities of N matched rows; the other rows are the negatives.

    Computed in float32 whatever autocast says: at a temperature of 0.04 logits span -25 .. 25.

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

    def forward(self, query: Tensor, key: Tensor, pairs: tuple[Tensor, Tensor] | None = None) -> Tensor:
        """Loss of matched rows.

        Without pairs, as of crops that share no place, it is 0 and its gradient reaches all that made rows.

        Args:
            query: ``(N, C)`` rows.
            key: ``(M, C)`` rows.
            pairs: ``(K,)`` int64 rows of the queries and ``(K,)`` of the keys that match. Row i matches row i
                by default.

        Raises:
            ValueError: If the shapes do not fit.
        """
        check_rows(query, key, pairs)
        if pairs is not None:
            query, key = query[pairs[0]], key[pairs[1]]
        if len(query) == 0:
            return query.float().sum() + key.float().sum()
        with torch.autocast(query.device.type, enabled=False):
            query, key = (normalize(rows.float(), dim=1) for rows in (query, key))
            logits = query @ key.t() / self.temperature
            target = torch.arange(len(logits), device=logits.device)
            loss = cross_entropy(logits, target)
            if self.symmetric:
                loss = (loss + cross_entropy(logits.t(), target)) / 2
        return self.loss_weight * loss
