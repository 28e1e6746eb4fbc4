"""Hierarchical transformer on tokens of an object: the encoder of Point-M2AE and I2P-MAE."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmdet3d.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn

from ...structures import PointTokens, TokenFeatures
from ..layers.initialization import init_linear
from ..layers.point_tokenizer import gather_rows, tokenize
from ..layers.token_blocks import GroupEmbedding, PositionEmbedding, token_stages


@MODELS.register_module()
class TokenTransformer(BaseModule):
    """Levels of tokens, each embedded out of groups of the level below and passed through transformer blocks.

    With a mask only visible tokens are embedded, attended to and counted in the statistics of batch norms:
    nothing of a hidden group is read. (The released code embeds hidden groups too, whose statistics reach
    the visible ones.) The positions of the centres are added before every block.

    Args:
        num_tokens: Tokens of each level, fine to coarse.
        group_sizes: Members of a group, points on the finest level.
        channels: Width of each level.
        depths: Blocks of each level.
        num_heads: Heads of every block.
        local_radii: Tokens attend to those nearer than this, in the unit of the points; 0 for all.
        stem_channels: Widths of the first MLP of the finest level's embedding.
        drop_path_rate: Probability of stochastic depth in the last block, from 0 in the first.
        init_cfg: Initialisation config of mmengine.

    Raises:
        ValueError: Naming the list that has not an entry for each level, or a number that is no positive one.

    Source: arXiv 2205.14401, section 3; H_Encoder of github.com/ZrrSkywalker/I2P-MAE, models/I2P_MAE.py.
    """

    def __init__(
        self,
        num_tokens: Sequence[int] = (512, 256, 64),
        group_sizes: Sequence[int] = (16, 8, 8),
        channels: Sequence[int] = (96, 192, 384),
        depths: Sequence[int] = (5, 5, 5),
        num_heads: int = 6,
        local_radii: Sequence[float] = (0.0, 0.0, 0.0),
        stem_channels: Sequence[int] = (128, 256),
        drop_path_rate: float = 0.1,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        lists = dict(num_tokens=num_tokens, group_sizes=group_sizes, channels=channels, depths=depths)
        for name, values in lists.items():
            if len(values) != len(num_tokens) or min(values) < 1:
                raise ValueError(f'{name} must be {len(num_tokens)} numbers of at least 1, got {values}')
        if len(local_radii) != len(num_tokens) or min(local_radii) < 0:
            raise ValueError(f'local_radii must be {len(num_tokens)} radii, 0 for none, got {local_radii}')
        self.num_tokens, self.group_sizes = tuple(num_tokens), tuple(group_sizes)
        self.channels, self.local_radii = tuple(channels), tuple(local_radii)
        self.stem = GroupEmbedding(3, stem_channels, 2 * stem_channels[1], channels[0])
        self.merges = nn.ModuleList(
            GroupEmbedding(low, (low, low), high, high) for low, high in zip(channels[:-1], channels[1:])
        )
        self.positions = nn.ModuleList(PositionEmbedding(width) for width in channels)
        self.stages = token_stages(channels, depths, num_heads, drop_path_rate)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for width in channels)
        init_linear(self)

    def tokenize(self, points: Tensor) -> tuple[PointTokens, ...]:
        """Levels of tokens of ``(B, P, 3)`` points, fine to coarse."""
        return tokenize(points, self.num_tokens, self.group_sizes)

    def forward(
        self, tokens: Sequence[PointTokens], visible: Tensor | None = None
    ) -> tuple[TokenFeatures, ...]:
        """Features of the visible tokens of each level, fine to coarse.

        Args:
            tokens: The levels, as :meth:`tokenize` gives them.
            visible: ``(B, G)`` bool of the coarsest level's tokens, at least one a cloud; all by default. On
                finer levels the members of visible groups are visible.
        """
        levels, below = [], None
        shown = visible_tokens(tokens, visible)
        for level, (own, seen) in enumerate(zip(tokens, shown)):
            rows = seen.flatten().nonzero()[:, 0]
            groups = own.groups if level == 0 else gather_rows(below, own.index)
            embed = self.stem if level == 0 else self.merges[level - 1]
            feats = self._attend(level, embed(groups.flatten(0, 1)[rows]), own.xyz, seen)
            below = _scattered(feats, rows, seen)
            levels.append(TokenFeatures(_scattered(self.norms[level](feats), rows, seen), seen, own))
        return tuple(levels)

    def _attend(self, level: int, feats: Tensor, xyz: Tensor, seen: Tensor) -> Tensor:
        """The blocks of a level on its visible rows (N, C)."""
        counts = seen.sum(dim=1)
        cloud, _ = seen.nonzero(as_tuple=True)
        place = (seen.cumsum(dim=1) - 1)[seen]
        size = len(counts), int(counts.max())
        padded = feats.new_zeros(*size, feats.shape[1]).index_put((cloud, place), feats)
        centers = xyz.new_zeros(*size, 3).index_put((cloud, place), xyz[seen])
        mask = _attended(counts, centers, self.local_radii[level])
        position = self.positions[level](centers)
        for block in self.stages[level]:
            padded = block(padded + position, mask)
        return padded[cloud, place]


def visible_tokens(tokens: Sequence[PointTokens], visible: Tensor | None) -> list[Tensor]:
    """``(B, G)`` bool of each level, fine to coarse: the members of a visible group are visible."""
    if visible is None:
        return [torch.ones_like(own.point, dtype=torch.bool) for own in tokens]
    shown = [visible]
    for above, below in zip(tokens[:0:-1], tokens[-2::-1]):
        seen = torch.zeros_like(below.point, dtype=torch.bool)
        cloud, group = shown[-1].nonzero(as_tuple=True)
        members = above.index[cloud, group]
        seen[cloud[:, None].expand_as(members), members] = True
        shown.append(seen)
    return shown[::-1]


def _attended(counts: Tensor, centers: Tensor, radius: float) -> Tensor | None:
    """Which tokens attend to which: (B, 1, L or 1, L) bool; None where all do."""
    length = centers.shape[1]
    mask = (torch.arange(length, device=counts.device) < counts[:, None])[:, None]
    if radius > 0:
        near = torch.cdist(centers, centers) < radius
        # rows of the padding attend to themselves: a softmax of nothing is NaN
        mask = mask & near | torch.eye(length, dtype=torch.bool, device=counts.device)
    elif bool((counts == length).all()):
        return None
    return mask[:, None]


def _scattered(feats: Tensor, rows: Tensor, seen: Tensor) -> Tensor:
    """Rows (N, C) among all tokens (B, G, C), 0 elsewhere."""
    every = feats.new_zeros(seen.numel(), feats.shape[1]).index_copy(0, rows, feats)
    return every.unflatten(0, seen.shape)
