"""Initial weights."""

from __future__ import annotations

from torch import nn


def init_linear(module: nn.Module) -> None:
    """Truncated normal (0.02) for linear weights, zero biases."""
    for layer in module.modules():
        if isinstance(layer, nn.Linear):
            nn.init.trunc_normal_(layer.weight, std=0.02)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def init_linear_and_norm(module: nn.Module) -> None:
    """As :func:`init_linear`, and unit norms, as Swin3D initialises."""
    init_linear(module)
    for layer in module.modules():
        if isinstance(layer, (nn.LayerNorm, nn.BatchNorm1d)):
            nn.init.ones_(layer.weight)
            nn.init.zeros_(layer.bias)
