"""Prompt tuning: a frozen transformer that takes tokens of another kind by prompts that are learnt."""

from __future__ import annotations

import torch
from mmdet3d.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn

from ...models.layers.token_blocks import PositionEmbedding


@MODELS.register_module()
class PromptedTransformer(BaseModule):
    """Tokens of points through the frozen blocks of a transformer, with prompts of its own for each block.

    What is learnt are the prompts, the embedding of positions, and a linear layer before and behind. The
    prompts of a block take the place of what the block before made of its own; positions of tokens and of
    prompts are added before every block.

    Args:
        channels: Width C of tokens and result.
        transformer: Config of a :class:`FrozenTransformer`.
        num_prompts: Prompts of each block.
        prompt_dropout: Dropout of the prompts, not of their positions.
        init_cfg: Initialisation config of mmengine.

    Source: arXiv 2203.12119 (VPT), section 3.2, deep prompts; arXiv 2212.08320, section 4.1;
        ``visual_embedding_deep_prompt`` in models/dvae.py of github.com/RunpeiDong/ACT, whose embedding of
        positions has 128 hidden channels in place of the width of the transformer.
    """

    def __init__(
        self,
        channels: int,
        transformer: dict,
        num_prompts: int = 64,
        prompt_dropout: float = 0.1,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.transformer = MODELS.build(transformer)
        width, depth = self.transformer.channels, len(self.transformer.blocks)
        self.before = nn.Linear(channels, width)
        self.position = PositionEmbedding(width)
        self.after = nn.Linear(width, channels)
        self.prompts = nn.Parameter(torch.zeros(depth, num_prompts, width))
        self.prompt_positions = nn.Parameter(torch.zeros(depth, num_prompts, width))
        nn.init.trunc_normal_(self.prompts, std=0.02)
        nn.init.trunc_normal_(self.prompt_positions, std=0.02)
        self.dropout = nn.Dropout(prompt_dropout)

    def forward(self, feats: Tensor, xyz: Tensor) -> Tensor:
        """Change ``(B, G, C)`` tokens with centres ``(B, G, 3)``."""
        clouds, num_prompts = len(feats), self.prompts.shape[1]
        feats, position = self.before(feats), self.position(xyz)
        for step, block in enumerate(self.transformer.blocks):
            prompts, place = (
                part[step].expand(clouds, -1, -1) for part in (self.prompts, self.prompt_positions)
            )
            rows = torch.cat([self.dropout(prompts), feats], dim=1)
            if step == 0:
                rows = self.transformer.first(rows)
            feats = block(rows + torch.cat([place, position], dim=1))[:, num_prompts:]
        return self.after(self.transformer.last(feats))
