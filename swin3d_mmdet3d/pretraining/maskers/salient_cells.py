"""Masks guided by images: cells that an image network attends to are rather shown."""

from __future__ import annotations

import torch
from mmdet3d.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class SalientCells(nn.Module):
    """Draw the visible cells of each sample, one after the other, by a softmax of their saliency.

    Of C cells ``max(1, int(visible * C))`` are drawn without replacement: each time one of those that are
    left, with a chance in proportion to exp(s / temperature), where s is the saliency, standardised to mean 0
    and variance 1 over the cells of the sample.

    The paper's code takes the softmax of attentions as they are. These add up to 1 over all patches, so that
    their exponentials hardly differ, and its masks are close to random ones: ``standardize=False``.

    Args:
        visible: Share of the cells to show, in (0, 1).
        temperature: Divisor of the saliency; ``inf`` draws all cells with one chance, a random mask.
        standardize: Standardise the saliency of each sample.

    Source: 2D-guided masking of arXiv 2212.06785, section 3.3; H_Encoder of models/I2P_MAE.py in
        github.com/ZrrSkywalker/I2P-MAE shows 13 of 64 tokens.
    """

    def __init__(self, visible: float = 0.4, temperature: float = 1.0, standardize: bool = True) -> None:
        super().__init__()
        if not 0 < visible < 1:
            raise ValueError(f'visible must lie in (0, 1), got {visible}')
        if not temperature > 0:
            raise ValueError(f'temperature must be positive, got {temperature}')
        self.visible = visible
        self.temperature = temperature
        self.standardize = standardize

    @torch.no_grad()
    def forward(self, saliency: Tensor, ptr: Tensor) -> Tensor:
        """Which cells are visible: ``(C,)`` bool.

        Args:
            saliency: ``(C,)`` float, finite.
            ptr: ``(B + 1,)`` int64, sample b has the cells ``ptr[b]:ptr[b + 1]``.

        Raises:
            ValueError: If ``saliency`` is not ``(C,)``, C the last bound, and finite.
        """
        counts = ptr.diff().tolist()
        if saliency.shape != (sum(counts),):
            raise ValueError(f'saliency must be ({sum(counts)},), got {tuple(saliency.shape)}')
        if not bool(saliency.isfinite().all()):
            raise ValueError('saliency must be finite, got NaN or infinity')
        return torch.cat([self._draw(part) for part in saliency.float().split(counts)])

    def _draw(self, saliency: Tensor) -> Tensor:
        """Visible cells ``(C,)`` bool of one sample.

        The cells with the largest logit + Gumbel noise are distributed as draws without replacement, and no
        chance underflows to 0.
        """
        if self.standardize:
            saliency = standardized(saliency)
        noise = -torch.empty_like(saliency).exponential_().log()
        count = min(len(saliency), max(1, int(self.visible * len(saliency))))
        chosen = (saliency / self.temperature + noise).topk(count).indices
        return torch.zeros_like(saliency, dtype=torch.bool).index_fill(0, chosen, True)


def standardized(rows: Tensor) -> Tensor:
    """``(N,)`` or ``(N, C)`` with mean 0 and variance 1 over the rows; 0 where all rows are equal."""
    if len(rows) == 0:
        return rows
    mean = rows.mean(dim=0)
    # rounding alone makes no difference between rows
    floor = 1e-6 * rows.abs().amax(dim=0) + torch.finfo(rows.dtype).tiny
    return (rows - mean) / rows.std(dim=0, unbiased=False).clamp(min=floor)
