"""A U-Net of plain convolutions over dense volumes."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, max_pool3d


class NormConv(nn.Sequential):
    """Twice group norm, a convolution of 3 x 3 x 3 and ReLU.

    Args:
        in_channels: Channels of the volume.
        out_channels: Channels of the result.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        layers = []
        for width in (in_channels, out_channels):
            norm = nn.GroupNorm(math.gcd(8, width), width)
            layers += [norm, nn.Conv3d(width, out_channels, 3, padding=1, bias=False), nn.ReLU()]
        super().__init__(*layers)


class VolumeUNet(nn.Module):
    """A 3D U-Net: maxima of 2 x 2 x 2 cells on the way down, copies of cells on the way up.

    Args:
        in_channels: Channels of the volume.
        out_channels: Channels of the result.
        channels: Channels at full resolution; twice as many at each coarser one.
        num_levels: Resolutions.

    Source: arXiv 1606.06650, in the form that arXiv 2003.04618 and github.com/SimingYan/IAE use (group norm
        of eight groups ahead of each convolution).
    """

    def __init__(self, in_channels: int, out_channels: int, channels: int, num_levels: int) -> None:
        super().__init__()
        widths = [channels << level for level in range(num_levels)]
        self.down = nn.ModuleList(NormConv(c, e) for c, e in zip([in_channels, *widths], widths))
        self.up = nn.ModuleList(
            NormConv(coarse + fine, fine) for fine, coarse in zip(widths[-2::-1], widths[:0:-1])
        )
        self.last = nn.Conv3d(channels, out_channels, 1)

    def forward(self, volume: Tensor) -> Tensor:
        """``(B, C, X, Y, Z)`` to ``(B, E, X, Y, Z)``; edges are multiples of 2 ** (levels - 1)."""
        levels = []
        for stage in self.down:
            volume = stage(max_pool3d(volume, 2) if levels else volume)
            levels.append(volume)
        for stage, fine in zip(self.up, levels[-2::-1]):
            volume = stage(torch.cat([interpolate(volume, scale_factor=2), fine], dim=1))
        return self.last(volume)
