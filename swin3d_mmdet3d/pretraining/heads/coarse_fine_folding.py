"""The coarse-to-fine decoder of point completion: some points out of a feature, and a patch around each."""

from __future__ import annotations

import torch
from mmdet3d.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn

from .folding_head import Fold

SIDE = 2  # a patch is a grid of 2 x 2


@MODELS.register_module()
class CoarseFineFolding(BaseModule):
    """M points for each feature by an MLP, then four around each of them by folding a small grid.

    A fine point is its coarse point plus a fold of the feature, the coarse point and its place in the grid.

    Args:
        in_channels: Width of the features.
        coarse_channels: Width of the two hidden layers of the MLP.
        fold_channels: Width of the two hidden layers of the fold.
        num_coarse: Coarse points M.
        extent: Half the edge of the grid, in the unit of the points.
        init_cfg: Initialisation config of mmengine.

    Raises:
        ValueError: Naming ``num_coarse``, if there is none.

    Source: arXiv 1808.00671 (PCN), section 4.2; widths as class Decoder in models/dvae.py of
        github.com/RunpeiDong/ACT.
    """

    def __init__(
        self,
        in_channels: int,
        coarse_channels: int = 1024,
        fold_channels: int = 512,
        num_coarse: int = 8,
        extent: float = 0.05,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if num_coarse < 1:
            raise ValueError(f'num_coarse must be at least 1, got {num_coarse}')
        self.num_coarse = num_coarse
        self.coarse = nn.Sequential(
            nn.Linear(in_channels, coarse_channels),
            nn.ReLU(),
            nn.Linear(coarse_channels, coarse_channels),
            nn.ReLU(),
            nn.Linear(coarse_channels, 3 * num_coarse),
        )
        steps = torch.linspace(-extent, extent, SIDE)
        self.register_buffer('grid', torch.cartesian_prod(steps, steps), persistent=False)
        self.fold = Fold(in_channels, 2 + 3, fold_channels, fold_channels)

    def forward(self, feats: Tensor) -> tuple[Tensor, Tensor]:
        """Coarse ``(N, M, 3)`` and fine points ``(N, 4 M, 3)`` of ``(N, C)`` features, N >= 0.

        The four fine points of a coarse one follow each other.
        """
        coarse = self.coarse(feats).unflatten(1, (self.num_coarse, 3))
        centers = coarse.repeat_interleave(len(self.grid), dim=1)
        grid = self.grid.repeat(self.num_coarse, 1).to(centers.dtype).expand(len(feats), -1, -1)
        return coarse, centers + self.fold(feats, torch.cat([grid, centers], dim=2))
