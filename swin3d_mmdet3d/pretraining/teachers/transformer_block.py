"""The block of the common transformers, ViT, CLIP and BERT, so that weights of any of them fit."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, scaled_dot_product_attention


def quick_gelu(feats: Tensor) -> Tensor:
    """CLIP's approximation of GELU: x * sigmoid(1.702 x)."""
    return feats * torch.sigmoid(1.702 * feats)


ACTIVATIONS = dict(gelu=gelu, quick_gelu=quick_gelu)


class TransformerBlock(nn.Module):
    """Attention of all tokens, then an MLP, each added to what it is given.

    Args:
        channels: Width C.
        num_heads: Heads, a divisor of C.
        hidden_channels: Width inside the MLP.
        activation: 'gelu' or 'quick_gelu'.
        norm_first: Normalise what goes into each branch (ViT, CLIP); else the sum behind it (BERT).
        eps: Of the layer norms.

    Raises:
        ValueError: Naming ``channels`` or ``activation``.

    Source: arXiv 2010.11929 (ViT), equations 2 and 3; arXiv 1706.03762, section 3.1, for norms behind.
    """

    def __init__(
        self,
        channels: int,
        num_heads: int,
        hidden_channels: int,
        activation: str = 'gelu',
        norm_first: bool = True,
        eps: float = 1e-6,
    ) -> None:
        super().__init__()
        if channels % num_heads:
            raise ValueError(f'channels must be a multiple of num_heads {num_heads}, got {channels}')
        if activation not in ACTIVATIONS:
            raise ValueError(f'activation must be one of {", ".join(ACTIVATIONS)}, got {activation!r}')
        self.num_heads = num_heads
        self.activation = ACTIVATIONS[activation]
        self.norm_first = norm_first
        self.query, self.key, self.value, self.out = (nn.Linear(channels, channels) for _ in range(4))
        self.up = nn.Linear(channels, hidden_channels)
        self.down = nn.Linear(hidden_channels, channels)
        self.norm1 = nn.LayerNorm(channels, eps)
        self.norm2 = nn.LayerNorm(channels, eps)

    def forward(self, feats: Tensor) -> Tensor:
        """Change ``(B, L, C)`` features."""
        if self.norm_first:
            feats = feats + self._attend(self.norm1(feats))
            return feats + self._transform(self.norm2(feats))
        feats = self.norm1(feats + self._attend(feats))
        return self.norm2(feats + self._transform(feats))

    def _attend(self, feats: Tensor) -> Tensor:
        q, k, v = (
            layer(feats).unflatten(2, (self.num_heads, -1)).transpose(1, 2)
            for layer in (self.query, self.key, self.value)
        )
        return self.out(scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))

    def _transform(self, feats: Tensor) -> Tensor:
        return self.down(self.activation(self.up(feats)))
