"""Edge convolutions on the tokens of an object: the dynamic graph network of discrete point autoencoders."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, linear

from .point_tokenizer import gather_rows, nearest_rows

NORM_GROUPS = 4
SLOPE = 0.2


class TokenGraph(nn.Module):
    """DGCNN on the nearest tokens: edge convolutions in a row, then one layer on all of their results.

    An edge convolution takes, of each token i, the maximum over its neighbours j of h([f_j - f_i, f_i]). Here
    h is linear, a group norm over all edges of the cloud, and a leaky ReLU. A token is its own first
    neighbour; neighbours are those of the centres in all layers.

    Args:
        in_channels: Width of the tokens.
        out_channels: Width of the result, a multiple of 4.
        channels: Width behind the first linear layer, then those of the edge convolutions, multiples of 4.
        num_neighbors: Neighbours K of a token.

    Raises:
        ValueError: Naming ``channels`` or ``out_channels``, if a norm cannot split them into 4 groups.

    Source: arXiv 1801.07829 (DGCNN); widths and norms as class DGCNN in models/dvae.py of
        github.com/RunpeiDong/ACT.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        channels: Sequence[int] = (128, 256, 512, 512, 1024),
        num_neighbors: int = 4,
    ) -> None:
        super().__init__()
        if len(channels) < 2 or any(width % NORM_GROUPS for width in channels[1:]):
            raise ValueError(
                f'channels must be two or more, from the second on multiples of {NORM_GROUPS}, got {channels}'
            )
        if out_channels % NORM_GROUPS:
            raise ValueError(f'out_channels must be a multiple of {NORM_GROUPS}, got {out_channels}')
        self.num_neighbors = num_neighbors
        self.embed = nn.Linear(in_channels, channels[0])
        self.edges = nn.ModuleList(
            nn.Linear(2 * low, high, bias=False) for low, high in zip(channels[:-1], channels[1:])
        )
        self.norms = nn.ModuleList(nn.GroupNorm(NORM_GROUPS, width) for width in channels[1:])
        self.join = nn.Linear(sum(channels[1:]), out_channels, bias=False)
        self.join_norm = nn.GroupNorm(NORM_GROUPS, out_channels)

    def forward(self, feats: Tensor, xyz: Tensor) -> Tensor:
        """Features ``(B, G, C_out)`` of ``(B, G, C_in)`` tokens with centres ``(B, G, 3)``."""
        index, _ = nearest_rows(xyz, xyz, self.num_neighbors)
        feats = self.embed(feats)
        levels = []
        for edge, norm in zip(self.edges, self.norms):
            # W [f_j - f_i, f_i] = W_1 f_j + (W_2 - W_1) f_i: two products a token in place of one an edge
            of_other, of_own = edge.weight.chunk(2, dim=1)
            own = linear(feats, of_own - of_other)
            edges = gather_rows(linear(feats, of_other), index) + own[:, :, None]
            feats = leaky_relu(norm(edges.permute(0, 3, 1, 2)), SLOPE).amax(dim=3).transpose(1, 2)
            levels.append(feats)
        joined = self.join(torch.cat(levels, dim=2)).transpose(1, 2)
        return leaky_relu(self.join_norm(joined), SLOPE).transpose(1, 2)
