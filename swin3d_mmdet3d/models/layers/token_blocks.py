"""Layers of networks on point tokens: embedding of groups, transformer blocks, propagation to fine levels."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmcv.cnn.bricks import DropPath
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from .norms import BatchNorm
from .point_tokenizer import gather_rows, nearest_rows


class GroupEmbedding(nn.Module):
    """A group of rows as one feature: two MLPs, each with a maximum over the group behind it.

    Args:
        in_channels: Width of the members.
        hidden_channels: Width of the first MLP's layers.
        out_channels: Width of the result.
        second_channels: Width of the second MLP's hidden layer.

    Source: Token_Embed of github.com/ZrrSkywalker/Point-M2AE; arXiv 2205.14401, section 3.1.
    """

    def __init__(
        self, in_channels: int, hidden_channels: Sequence[int], second_channels: int, out_channels: int
    ) -> None:
        super().__init__()
        first, last = hidden_channels
        self.first = nn.Sequential(
            nn.Linear(in_channels, first), BatchNorm(first), nn.ReLU(), nn.Linear(first, last)
        )
        self.second = nn.Sequential(
            nn.Linear(2 * last, second_channels),
            BatchNorm(second_channels),
            nn.ReLU(),
            nn.Linear(second_channels, out_channels),
        )

    def forward(self, groups: Tensor) -> Tensor:
        """Embed ``(N, K, C_in)`` groups as ``(N, C_out)``."""
        count, size, _ = groups.shape
        feats = self.first(groups.flatten(0, 1)).unflatten(0, (count, size))
        whole = feats.amax(dim=1, keepdim=True).expand_as(feats)
        feats = self.second(torch.cat([whole, feats], dim=2).flatten(0, 1))
        return feats.unflatten(0, (count, size)).amax(dim=1)


class PositionEmbedding(nn.Sequential):
    """Positions ``(..., 3)`` as features ``(..., C)``: linear, GELU, linear."""

    def __init__(self, channels: int) -> None:
        super().__init__(nn.Linear(3, channels), nn.GELU(), nn.Linear(channels, channels))


class TokenBlock(nn.Module):
    """A pre-norm transformer block: attention of all tokens of a cloud, then an MLP of four times the width.

    Args:
        channels: Width C.
        num_heads: Heads, a divisor of C.
        drop_path: Probability with which a cloud leaves out a branch.
    """

    def __init__(self, channels: int, num_heads: int, drop_path: float = 0.0) -> None:
        super().__init__()
        if channels % num_heads:
            raise ValueError(f'channels must be a multiple of num_heads {num_heads}, got {channels}')
        self.num_heads = num_heads
        self.norm1 = nn.LayerNorm(channels)
        self.qkv = nn.Linear(channels, 3 * channels, bias=False)
        self.proj = nn.Linear(channels, channels)
        self.norm2 = nn.LayerNorm(channels)
        self.mlp = nn.Sequential(
            nn.Linear(channels, 4 * channels), nn.GELU(), nn.Linear(4 * channels, channels)
        )
        self.drop_path = DropPath(drop_path)

    def forward(self, feats: Tensor, mask: Tensor | None = None) -> Tensor:
        """Change ``(B, L, C)`` features.

        Args:
            feats: Features.
            mask: ``(B, 1, L or 1, L)`` bool, True where a token attends to another one; all by default.
        """
        feats = feats + self.drop_path(self._attend(self.norm1(feats), mask))
        return feats + self.drop_path(self.mlp(self.norm2(feats)))

    def _attend(self, feats: Tensor, mask: Tensor | None) -> Tensor:
        q, k, v = self.qkv(feats).unflatten(2, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4)
        out = scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return self.proj(out.transpose(1, 2).flatten(2))


def token_stages(
    channels: Sequence[int], depths: Sequence[int], num_heads: int, drop_path_rate: float
) -> nn.ModuleList:
    """Blocks of each level; stochastic depth rises evenly from 0 in the first to its rate in the last."""
    last = max(sum(depths) - 1, 1)
    rates = iter([drop_path_rate * step / last for step in range(sum(depths))])
    return nn.ModuleList(
        nn.ModuleList(TokenBlock(width, num_heads, next(rates)) for _ in range(depth))
        for width, depth in zip(channels, depths)
    )


class TokenPropagation(nn.Module):
    """Features of a coarse level on a finer one: interpolated from three tokens, joined with those there.

    Weights are the inverse squared distances. A residual pair of layers follows the joining one.

    Args:
        coarse_channels: Width of the coarse features.
        fine_channels: Width of the fine features and of the result.

    Source: PointNetFeaturePropagation of github.com/ZrrSkywalker/Point-M2AE, models/modules.py.
    """

    def __init__(self, coarse_channels: int, fine_channels: int) -> None:
        super().__init__()
        width = fine_channels
        self.fuse = nn.Sequential(nn.Linear(coarse_channels + width, width), BatchNorm(width), nn.GELU())
        self.residual = nn.Sequential(
            nn.Linear(width, width), BatchNorm(width), nn.GELU(), nn.Linear(width, width), BatchNorm(width)
        )
        self.act = nn.GELU()

    def forward(self, xyz: Tensor, feats: Tensor, coarse_xyz: Tensor, coarse_feats: Tensor) -> Tensor:
        """Fine features ``(B, N, C)`` of positions, fine features, coarse positions and coarse features."""
        whole = interpolate_tokens(xyz, coarse_xyz, coarse_feats)
        rows = self.fuse(torch.cat([feats, whole], dim=2).flatten(0, 1))
        return self.act(self.residual(rows) + rows).unflatten(0, feats.shape[:2])


def interpolate_tokens(xyz: Tensor, coarse_xyz: Tensor, coarse_feats: Tensor) -> Tensor:
    """Features ``(B, N, C)`` at positions ``(B, N, 3)`` by the inverse squared distances of three tokens."""
    count = min(3, coarse_xyz.shape[1])
    index, distance = nearest_rows(xyz, coarse_xyz, count)
    weight = 1 / (distance.square() + 1e-8)
    weight = weight / weight.sum(dim=2, keepdim=True)
    return (gather_rows(coarse_feats, index) * weight[..., None]).sum(dim=2)
