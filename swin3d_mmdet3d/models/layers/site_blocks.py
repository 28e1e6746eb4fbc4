"""Convolution, norm and activation over sites, numbered as the sequences of FCAF3D and TR3D are."""

from __future__ import annotations

from torch import Tensor, nn

from swin3d_mmdet3d.structures import FeatureLevel

from .row_batch_norm import RowBatchNorm
from .site_conv import SiteConv3d
from .sparse_blocks import GenerativeUpsample


class SiteConvBlock(nn.Sequential):
    """Convolution at a level's own sites (``0``), batch norm (``1``) and activation (``2``).

    Args:
        in_channels: Width of the input features.
        out_channels: Width of the output features.
        activation: The activation, 'relu' or 'elu'.
    """

    def __init__(self, in_channels: int, out_channels: int, activation: str) -> None:
        super().__init__(
            SiteConv3d(in_channels, out_channels), RowBatchNorm(out_channels), make_activation(activation)
        )

    def forward(self, level: FeatureLevel) -> Tensor:
        """Convolve ``(N, C_in)`` features of a level: ``(N, C_out)``."""
        conv, norm, activation = self
        return activation(norm(conv(level)))


class SiteUpsampleBlock(nn.Sequential):
    """Generative up-sampling by 2 (``0``), batch norm (``1``) and activation (``2``).

    Args:
        in_channels: Width of the coarse features.
        out_channels: Width of the fine features.
        kernel_size: 2 or 3.
        activation: The activation, 'relu' or 'elu'.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, activation: str) -> None:
        super().__init__(
            GenerativeUpsample(in_channels, out_channels, kernel_size),
            RowBatchNorm(out_channels),
            make_activation(activation),
        )

    def forward(self, level: FeatureLevel) -> FeatureLevel:
        """Make the level at half the stride."""
        upsample, norm, activation = self
        feats, voxels = upsample(level)
        return activation(norm(feats)), voxels


def make_activation(name: str) -> nn.Module:
    """The activation of that name, in place: it follows a norm, which does not need its output."""
    activations = dict(relu=nn.ReLU, elu=nn.ELU)
    if name not in activations:
        raise ValueError(f'activation must be one of {sorted(activations)}, got {name!r}')
    return activations[name](inplace=True)
