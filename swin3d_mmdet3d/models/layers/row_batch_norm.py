"""Batch norm of rows whose number depends on the data, down to a single one."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional


class RowBatchNorm(nn.BatchNorm1d):
    """Batch norm that takes the running statistics where a training batch holds fewer than two rows.

    The variance of a single row is 0 and PyTorch refuses it; cells of a rare class and RoIs of an early
    epoch can be that few.
    """

    def forward(self, feats: Tensor) -> Tensor:
        """Normalise ``(N, C)`` features, N >= 0."""
        if len(feats) > 1 or not self.training:
            return super().forward(feats)
        return functional.batch_norm(
            feats, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
        )
