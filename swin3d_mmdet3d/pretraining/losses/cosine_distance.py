"""Distance of predicted and target features by their directions: mean_i (1 - cos(p_i, z_i))."""

from __future__ import annotations

import torch
from mmdet3d.registry import MODELS
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity

from .matched_rows import check_rows


@MODELS.register_module()
class CosineDistance(nn.Module):
    """Mean of 1 - cos over matched rows; no gradient reaches the targets.

    0 for rows of the same directions, 2 for opposite ones. Computed in float32 whatever autocast says.

    Args:
        loss_weight: Factor.

    Source: arXiv 2011.10566 (SimSiam), equation 1, and 1 more; that of arXiv 2212.08320 (ACT).
    """

    def __init__(self, loss_weight: float = 1.0) -> None:
        super().__init__()
        self.loss_weight = loss_weight

    def forward(
        self, prediction: Tensor, target: Tensor, pairs: tuple[Tensor, Tensor] | None = None
    ) -> Tensor:
        """Loss of matched rows; without any it is 0, with a gradient of 0 to the predictions.

        Args:
            prediction: ``(N, C)`` rows.
            target: ``(M, C)`` rows.
            pairs: ``(K,)`` int64 rows of the predictions and ``(K,)`` of the targets that match. Row i
                matches row i by default.

        Raises:
            ValueError: If the shapes do not fit.
        """
        check_rows(prediction, target, pairs)
        if pairs is not None:
            prediction, target = prediction[pairs[0]], target[pairs[1]]
        if len(prediction) == 0:
            return prediction.float().sum()
        with torch.autocast(prediction.device.type, enabled=False):
            cosine = cosine_similarity(prediction.float(), target.detach().float(), dim=1)
        return self.loss_weight * (1 - cosine).mean()
