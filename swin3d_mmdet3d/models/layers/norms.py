"""Norms of voxel features, all called as ``norm(feats (N, C), voxels)``.

Layer and batch norm read the features alone, so that rows which are no voxels may do without the second
argument. Instance norm reads the scene of each voxel, a prompt-driven norm (``prompt_norm``) the condition.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...structures import SparseVoxels


class RowNorm(NamedTuple):
    """Parameters of a layer norm, for ops that normalise rows themselves.

    Attributes:
        weight: ``(C,)``, the scale.
        bias: ``(C,)``, the shift.
        eps: Added to the variance.
    """

    weight: Tensor
    bias: Tensor
    eps: float


class LayerNorm(nn.LayerNorm):
    """Layer norm of each row."""

    def forward(self, feats: Tensor, voxels: SparseVoxels | None = None) -> Tensor:
        """Normalise ``(N, C)`` features."""
        return super().forward(feats)

    def of_rows(self, voxels: SparseVoxels | None = None) -> RowNorm:
        """The parameters that rows of ``voxels`` are normalised with."""
        return RowNorm(self.weight, self.bias, self.eps)


class BatchNorm(nn.BatchNorm1d):
    """Batch norm that takes the running statistics where a training batch holds fewer than two rows.

    The variance of a single row is 0 and PyTorch refuses it; cells of a rare class, RoIs of an early epoch
    and voxels of the coarsest level can be that few.
    """

    def forward(self, feats: Tensor, voxels: SparseVoxels | None = None) -> Tensor:
        """Normalise ``(N, C)`` features, N >= 0."""
        if len(feats) > 1 or not self.training:
            return super().forward(feats)
        return functional.batch_norm(
            feats, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
        )


class SyncBatchNorm(nn.SyncBatchNorm):
    """PyTorch's batch norm over all processes; see ``SyncBatchNormHook``."""

    def forward(self, feats: Tensor, voxels: SparseVoxels | None = None) -> Tensor:
        """Normalise ``(N, C)`` features."""
        return super().forward(feats)


class SparseInstanceNorm(nn.Module):
    """Instance norm: mean and variance over the voxels of each scene, with learnt scale and shift.

    Source: MinkowskiInstanceNorm.
    """

    eps = 1e-6

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1, channels))
        self.bias = nn.Parameter(torch.zeros(1, channels))

    def forward(self, feats: Tensor, voxels: SparseVoxels) -> Tensor:
        """Normalise ``(N, C)`` features; sums are in float32 or better: 16 bits hold no count of voxels."""
        dtype = torch.promote_types(feats.dtype, self.weight.dtype)
        feats = feats.to(torch.promote_types(feats.dtype, torch.float32))
        scene = voxels.coords[:, 0].long()
        count = voxels.ptr.diff().clamp(min=1)[:, None].to(feats.dtype)
        centered = feats - self._scene_sum(feats, scene, voxels.batch_size).div(count)[scene]
        variance = self._scene_sum(centered.square(), scene, voxels.batch_size) / count
        normed = centered * (variance + self.eps).rsqrt()[scene]
        return (normed * self.weight + self.bias).to(dtype)

    @staticmethod
    def _scene_sum(values: Tensor, scene: Tensor, batch_size: int) -> Tensor:
        return values.new_zeros(batch_size, values.shape[1]).index_add(0, scene, values)


class NormLinear(nn.Sequential):
    """Layer norm (``0``) and a linear layer (``1``).

    Args:
        in_channels: Width of the input features.
        out_channels: Width of the output features.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(LayerNorm(in_channels), nn.Linear(in_channels, out_channels))

    def forward(self, feats: Tensor, voxels: SparseVoxels | None = None) -> Tensor:
        """Project ``(N, C_in)`` features to ``(N, C_out)``."""
        norm, linear = self
        return linear(norm(feats, voxels))
