"""Hardest-contrastive loss: matched rows come close, the nearest row that does not match moves away."""

from __future__ import annotations

import torch
from mmdet3d.registry import MODELS
from torch import Tensor, nn
from torch.nn.functional import normalize

from ...models.losses.global_mean import global_mean
from .matched_rows import check_rows


@MODELS.register_module()
class HardestContrast(nn.Module):
    r"""Two margins, over matched pairs (i, j) of unit vectors and random candidates A, B of either side.

    .. math::
        L = \overline{[|q_i - k_j|^2 - m_p]_+}
            + \tfrac{1}{2} \overline{[m_n - \min_{b \in B} |q_i - k_b|]_+^2}
            + \tfrac{1}{2} \overline{[m_n - \min_{a \in A} |k_j - q_a|]_+^2}

    Candidates that a row is paired with are none of its own; a row that has no other adds 0. (The released
    code leaves out a row whose nearest candidate it is paired with.) The means are over the chosen pairs of
    all processes, candidates are each process's own, as there. Computed in float32 whatever autocast says.

    Args:
        positive_margin: m_p, squared distance up to which a pair costs nothing.
        negative_margin: m_n, distance from which on a negative costs nothing; unit vectors are up to 2 apart.
        max_positives: Most pairs of a batch, drawn at random.
        num_candidates: Candidates of each side, drawn at random among all rows of the batch.
        loss_weight: Factor.

    Source: arXiv 2007.10985, section 3.3; facebookresearch/PointContrast, ``HardestContrastiveLossTrainer``,
    whose positive term this is (the paper writes the square of a difference of distances): margins 0.1 and
    1.4, 1024 pairs and 256 candidates for each scan of a batch.
    """

    def __init__(
        self,
        positive_margin: float = 0.1,
        negative_margin: float = 1.4,
        max_positives: int = 4096,
        num_candidates: int = 1024,
        loss_weight: float = 1.0,
    ) -> None:
        super().__init__()
        if not 0 <= positive_margin < 4:
            raise ValueError(f'positive_margin must lie in [0, 4), got {positive_margin}')
        if not 0 < negative_margin <= 2:
            raise ValueError(f'negative_margin must lie in (0, 2], got {negative_margin}')
        for name, count in dict(max_positives=max_positives, num_candidates=num_candidates).items():
            if count < 1:
                raise ValueError(f'{name} must be at least 1, got {count}')
        self.positive_margin = positive_margin
        self.negative_margin = negative_margin
        self.max_positives = max_positives
        self.num_candidates = num_candidates
        self.loss_weight = loss_weight

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        pairs: tuple[Tensor, Tensor] | None = None,
        alone: bool = False,
    ) -> Tensor:
        """Loss of ``(N, C)`` queries and ``(M, C)`` keys.

        Without pairs it is 0 and its gradient reaches all that made the rows.

        Args:
            query: ``(N, C)`` rows.
            key: ``(M, C)`` rows.
            pairs: ``(K,)`` int64 rows of the queries and ``(K,)`` of the keys that match; all that are known,
                so that no other counts as a negative. Row i matches row i by default.
            alone: Take the means over these pairs only, whatever pairs other processes have.

        Raises:
            ValueError: If the shapes do not fit.
        """
        check_rows(query, key, pairs)
        if pairs is None:
            pairs = (torch.arange(len(query), device=query.device),) * 2
        if len(pairs[0]) == 0:
            nothing = query.float().sum() * 0 + key.float().sum() * 0
            return nothing if alone else global_mean(nothing, 0)
        with torch.autocast(query.device.type, enabled=False):
            query, key = (normalize(rows.float(), dim=1) for rows in (query, key))
            drawn = self._draw(len(pairs[0]), self.max_positives, query.device)
            row, other = (side[drawn] for side in pairs)
            apart = (query[row] - key[other]).square().sum(dim=1)
            positive = (apart - self.positive_margin).relu().mean()
            negative = self._push(query, key, row, pairs) + self._push(key, query, other, pairs[::-1])
            loss = positive + negative / 2
        return self.loss_weight * (loss if alone else global_mean(loss, len(drawn)))

    def _push(self, rows: Tensor, others: Tensor, chosen: Tensor, pairs: tuple[Tensor, Tensor]) -> Tensor:
        """Mean cost of the candidates among ``others`` nearest to the chosen rows."""
        candidates = self._draw(len(others), self.num_candidates, others.device)
        known = pairs[0] * len(others) + pairs[1]
        is_pair = torch.isin(chosen[:, None] * len(others) + candidates, known)
        # products of large matrices would lose the digits of small distances
        distance = torch.cdist(rows[chosen], others[candidates], compute_mode='donot_use_mm_for_euclid_dist')
        nearest = distance.masked_fill(is_pair, torch.inf).amin(dim=1)
        return (self.negative_margin - nearest).relu().square().mean()

    @staticmethod
    def _draw(count: int, most: int, device: torch.device) -> Tensor:
        return torch.randperm(count, device=device)[:most]
