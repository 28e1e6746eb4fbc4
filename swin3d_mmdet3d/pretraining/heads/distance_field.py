"""The decoder of an implicit surface: how far a place is from it."""

from __future__ import annotations

from mmdet3d.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn


class ResidualBlock(nn.Module):
    """x + W2 relu(W1 relu(x)), at first the identity.

    Args:
        channels: Width.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.ReLU(), nn.Linear(channels, channels), nn.ReLU(), nn.Linear(channels, channels)
        )
        nn.init.zeros_(self.layers[-1].weight)

    def forward(self, feats: Tensor) -> Tensor:
        """Change ``(Q, C)`` features."""
        return feats + self.layers(feats)


@MODELS.register_module()
class DistanceField(BaseModule):
    """An MLP of a place that is told the volume's feature there ahead of each of its blocks.

    h = W p; for each block h = block(h + W_i c); d = w relu(h). To a loss of |d| the sign of d means nothing.

    Args:
        in_channels: Width of the volume's features c.
        hidden_channels: Width of h.
        num_blocks: Residual blocks.
        init_cfg: Initialisation config of mmengine.

    Source: arXiv 2201.00785, the decoder; ``LocalDecoder`` of github.com/SimingYan/IAE, after arXiv
        2003.04618. There p is the place in the scene and the result goes through tanh.
    """

    def __init__(
        self, in_channels: int, hidden_channels: int = 32, num_blocks: int = 5, init_cfg: dict | None = None
    ) -> None:
        super().__init__(init_cfg)
        if num_blocks < 1:
            raise ValueError(f'num_blocks must be at least 1, got {num_blocks}')
        self.place = nn.Linear(3, hidden_channels)
        self.conditions = nn.ModuleList(nn.Linear(in_channels, hidden_channels) for _ in range(num_blocks))
        # not "blocks": recipes give the blocks of Swin3D a rate of their own by that name
        self.residual = nn.ModuleList(ResidualBlock(hidden_channels) for _ in range(num_blocks))
        self.last = nn.Linear(hidden_channels, 1)

    def forward(self, feats: Tensor, place: Tensor) -> Tensor:
        """Distances ``(Q,)`` in metres, of either sign.

        Args:
            feats: ``(Q, C)`` features of the volume.
            place: ``(Q, 3)`` where in its cell each query lies, in [-0.5, 0.5).
        """
        hidden = self.place(place)
        for condition, block in zip(self.conditions, self.residual):
            hidden = block(hidden + condition(feats))
        return self.last(hidden.relu()).squeeze(1)
