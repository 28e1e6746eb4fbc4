"""The feed-forward branch of a transformer block."""

from __future__ import annotations

from swin3d_ops import block_mlp
from torch import Tensor, nn

from .norms import RowNorm


class FeedForward(nn.Module):
    """Two linear layers with an exact GELU between them, after a layer norm and added to its input.

    One op does all of it, and keeps its input alone for the backward pass.

    Args:
        channels: C, the width of the features.
        ratio: Width between the layers in multiples of C.
    """

    def __init__(self, channels: int, ratio: float = 4.0) -> None:
        super().__init__()
        self.fc1 = nn.Linear(channels, int(channels * ratio))
        self.fc2 = nn.Linear(int(channels * ratio), channels)

    def forward(self, feats: Tensor, norm: RowNorm, row_weight: Tensor | None = None) -> Tensor:
        """Refine each voxel on its own: ``x + s fc2(GELU(fc1(LN(x))))``.

        Args:
            feats: ``(N, C)``.
            norm: Parameters of the layer norm.
            row_weight: ``(N,)`` factors s, or None for 1.
        """
        fc1, fc2 = self.fc1, self.fc2
        return block_mlp(
            feats, norm.weight, norm.bias, fc1.weight, fc1.bias, fc2.weight, fc2.bias, row_weight, norm.eps
        )
