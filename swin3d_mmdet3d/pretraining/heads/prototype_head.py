"""The prototype head: how near a feature is to each of many learnt directions."""

from __future__ import annotations

import torch
from mmdet3d.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn.functional import linear, normalize

from ..standardized_rows import standardized_rows


@MODELS.register_module()
class PrototypeHead(BaseModule):
    """Cosines of embedded features and prototypes.

    An MLP of two layers with GELU between them embeds the features. Neither the lengths of embeddings nor
    those of prototypes count. All but the MLP is computed in float32 whatever autocast says: cosines are
    divided by small temperatures.

    Args:
        in_channels: Width of the features.
        num_prototypes: Prototypes K.
        hidden_channels: Width of the hidden layer.
        embed_channels: Width of embeddings and prototypes.
        standardize: Give the MLP features of mean 0 and standard deviation 1 over the rows of each call, of
            all processes, in eval mode, too. Rows whose features have much in common then differ from the
            start, and with them their assignments; a teacher's do not depend on statistics of what its
            student sees.
        init_cfg: Initialisation config of mmengine.

    Raises:
        ValueError: If there are fewer than two prototypes.

    Source: arXiv 2503.16429 (Sonata), ``OnlineCluster`` of its code in github.com/Pointcept/Pointcept, with
        its widths; prototypes start in directions that are all alike likely, there as a linear layer does.
    """

    def __init__(
        self,
        in_channels: int,
        num_prototypes: int = 4096,
        hidden_channels: int = 4096,
        embed_channels: int = 256,
        standardize: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if num_prototypes < 2:
            raise ValueError(f'num_prototypes must be at least 2, got {num_prototypes}')
        self.standardize = standardize
        self.embedding = nn.Sequential(
            nn.Linear(in_channels, hidden_channels), nn.GELU(), nn.Linear(hidden_channels, embed_channels)
        )
        for layer in self.embedding[::2]:
            nn.init.trunc_normal_(layer.weight, std=0.02)
            nn.init.zeros_(layer.bias)
        self.prototypes = nn.Parameter(torch.randn(num_prototypes, embed_channels))

    def forward(self, feats: Tensor, alone: bool = False) -> Tensor:
        """Cosines ``(N, K)`` of ``(N, C)`` features with the prototypes, in [-1, 1]; N >= 0.

        Args:
            feats: ``(N, C)``.
            alone: Standardise over these rows only, whatever rows other processes have: for predictions, of
                which processes may make unequally many.
        """
        if self.standardize:
            feats = standardized_rows(feats, alone)
        embedded = self.embedding(feats)
        with torch.autocast(feats.device.type, enabled=False):
            embedded = embedded.to(self.prototypes.dtype)
            return linear(normalize(embedded, dim=1), normalize(self.prototypes, dim=1))
