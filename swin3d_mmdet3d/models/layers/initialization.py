"""Initial weights."""

from __future__ import annotations

from torch import nn

from .site_conv import SiteConv3d
from .sparse_blocks import GenerativeUpsample


def init_linear_and_norm(module: nn.Module) -> None:
    """Truncated normal (0.02) for linear weights, zero biases, unit norms, as the original initialises."""
    for layer in module.modules():
        if isinstance(layer, nn.Linear):
            nn.init.trunc_normal_(layer.weight, std=0.02)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        elif isinstance(layer, (nn.LayerNorm, nn.BatchNorm1d)):
            nn.init.ones_(layer.weight)
            nn.init.zeros_(layer.bias)


def init_site_convs(module: nn.Module) -> None:
    """Kaiming's normal distribution (fan out, ReLU) for convolutions over sites, as MinkResNet has.

    It holds for :class:`GenerativeUpsample` too, which TR3D's neck leaves as MinkowskiEngine makes it.
    """
    for layer in module.modules():
        if isinstance(layer, (SiteConv3d, GenerativeUpsample)):
            fan_out = layer.weight.shape[0] * layer.kernel_size**3
            nn.init.normal_(layer.weight, std=(2 / fan_out) ** 0.5)
