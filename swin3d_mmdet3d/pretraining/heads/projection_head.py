"""Projection of features into the space of a loss."""

from __future__ import annotations

from mmdet3d.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn

from ...models.layers import BatchNorm


@MODELS.register_module()
class ProjectionHead(BaseModule):
    """A linear layer, or an MLP with ReLU and, unless told otherwise, batch norm between its layers.

    It takes any number of rows.

    Args:
        in_channels: Width of the features.
        out_channels: Width of the result.
        hidden_channels: Width of the hidden layers; ``in_channels`` by default.
        num_layers: Linear layers.
        norm: Batch norm behind hidden layers. Where rows are few it tells each row of the others.
        norm_out: Batch norm behind the last layer, too.
        init_cfg: Initialisation config of mmengine.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        hidden_channels: int | None = None,
        num_layers: int = 1,
        norm: bool = True,
        norm_out: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if num_layers < 1:
            raise ValueError(f'num_layers must be at least 1, got {num_layers}')
        hidden = hidden_channels or in_channels
        widths = [in_channels, *[hidden] * (num_layers - 1), out_channels]
        layers: list[nn.Module] = []
        for width, following in zip(widths[:-2], widths[1:-1]):
            norms = [BatchNorm(following)] if norm else []
            layers += [nn.Linear(width, following, bias=not norm), *norms, nn.ReLU()]
        layers.append(nn.Linear(widths[-2], out_channels))
        if norm_out:
            layers.append(BatchNorm(out_channels))
        self.layers = nn.Sequential(*layers)

    def forward(self, feats: Tensor) -> Tensor:
        """Project ``(N, C_in)`` rows to ``(N, C_out)``."""
        return self.layers(feats)
