"""The decoder of masked autoencoders on tokens: from visible tokens to features of all."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmdet3d.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn

from ...models.layers.token_blocks import PositionEmbedding, TokenPropagation, token_stages
from ...structures import TokenFeatures


@MODELS.register_module()
class TokenDecoder(BaseModule):
    """Transformer blocks on the coarsest level, with a learnt token for hidden ones, then on finer levels.

    A finer level has features of three coarse tokens, interpolated, beside its own, 0 where hidden.

    Args:
        channels: Width of each level, coarse to fine; those of the encoder.
        depths: Blocks of each level.
        num_heads: Heads of every block.
        drop_path_rate: Probability of stochastic depth in the last block, from 0 in the first.
        init_cfg: Initialisation config of mmengine.

    Source: arXiv 2205.14401 (Point-M2AE), section 3.3.
    """

    def __init__(
        self,
        channels: Sequence[int] = (384, 192),
        depths: Sequence[int] = (1, 1),
        num_heads: int = 6,
        drop_path_rate: float = 0.1,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if len(channels) != len(depths):
            raise ValueError(f'depths must be {len(channels)} numbers as channels, got {depths}')
        self.mask_token = nn.Parameter(torch.zeros(1, channels[0]))
        self.positions = nn.ModuleList(PositionEmbedding(width) for width in channels)
        self.propagations = nn.ModuleList(
            TokenPropagation(coarse, fine) for coarse, fine in zip(channels[:-1], channels[1:])
        )
        self.stages = token_stages(channels, depths, num_heads, drop_path_rate)
        self.norm = nn.LayerNorm(channels[-1])
        nn.init.trunc_normal_(self.mask_token, std=0.02)
        for layer in self.stages.modules():
            if isinstance(layer, nn.Linear):
                nn.init.xavier_uniform_(layer.weight)
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)

    @property
    def num_levels(self) -> int:
        """Levels that are decoded, the last of which is given."""
        return len(self.stages)

    def forward(self, levels: Sequence[TokenFeatures]) -> Tensor:
        """Features ``(B, G, C)`` of all tokens of the finest level that is decoded.

        Args:
            levels: Those of the encoder, fine to coarse, at least :attr:`num_levels`.
        """
        coarse = levels[-1]
        feats = torch.where(coarse.visible[..., None], coarse.feats, self.mask_token)
        for step, own in enumerate(levels[: -self.num_levels - 1 : -1]):
            if step:
                feats = self.propagations[step - 1](own.tokens.xyz, own.feats, coarse.tokens.xyz, feats)
            position = self.positions[step](own.tokens.xyz)
            for block in self.stages[step]:
                feats = block(feats + position)
            coarse = own
        return self.norm(feats)
