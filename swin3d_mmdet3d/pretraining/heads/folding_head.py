"""The folding decoder: a small grid that a feature folds into points."""

from __future__ import annotations

import math

import torch
from mmdet3d.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn.functional import linear

from ...models.layers import BatchNorm


class Fold(nn.Module):
    """An MLP of each pair of a feature and one of its points, with batch norm and ReLU between its layers.

    The first layer is linear in the two, so that its large part is computed once a feature, not once a point.

    Args:
        in_channels: Width of the features.
        point_channels: Coordinates of a point.
        hidden_channels: Width of the first hidden layer.
        second_channels: Width of the second one; half of the first by default.
    """

    def __init__(
        self, in_channels: int, point_channels: int, hidden_channels: int, second_channels: int | None = None
    ) -> None:
        super().__init__()
        narrow = second_channels or hidden_channels // 2
        self.widths = (in_channels, point_channels)
        self.joint = nn.Linear(in_channels + point_channels, hidden_channels, bias=False)
        self.layers = nn.Sequential(
            BatchNorm(hidden_channels),
            nn.ReLU(),
            nn.Linear(hidden_channels, narrow, bias=False),
            BatchNorm(narrow),
            nn.ReLU(),
            nn.Linear(narrow, 3),
        )

    def forward(self, feats: Tensor, points: Tensor) -> Tensor:
        """Fold the points ``(N, K, D)``, or ``(1, K, D)`` of all, by ``(N, C)`` features: ``(N, K, 3)``."""
        of_feats, of_points = self.joint.weight.split(self.widths, dim=1)
        hidden = linear(feats, of_feats)[:, None] + linear(points, of_points)
        return self.layers(hidden.flatten(0, 1)).view(*hidden.shape[:2], 3)


@MODELS.register_module()
class FoldingHead(BaseModule):
    """K points for each feature: a grid in the square [-1, 1]^2, folded twice.

    The points are offsets from the place of the feature, in a unit that the method chooses, such as the edge
    of its voxel.

    Args:
        in_channels: Width of the features.
        hidden_channels: Width of the first hidden layer of each fold; the second has half of it.
        num_points: Points of each feature K, a square number.
        init_cfg: Initialisation config of mmengine.

    Source: the decoder of arXiv 1712.07262 (FoldingNet); widths and grid as in class Fold of
        github.com/MingyeXu/mm-3dscene.
    """

    def __init__(
        self,
        in_channels: int,
        hidden_channels: int = 256,
        num_points: int = 4,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if num_points < 1 or math.isqrt(num_points) ** 2 != num_points:
            raise ValueError(f'num_points must be a square number, got {num_points}')
        if hidden_channels < 2:
            raise ValueError(f'hidden_channels must be at least 2, got {hidden_channels}')
        self.num_points = num_points
        steps = torch.linspace(-1, 1, math.isqrt(num_points))
        self.register_buffer('grid', torch.cartesian_prod(steps, steps), persistent=False)
        self.first = Fold(in_channels, 2, hidden_channels)
        self.second = Fold(in_channels, 3, hidden_channels)

    def forward(self, feats: Tensor) -> Tensor:
        """Unfold ``(N, C)`` features, N >= 0, to ``(N, K, 3)`` offsets."""
        return self.second(feats, self.first(feats, self.grid[None]))
