"""The convolutional blocks of Swin3D's stem."""

from __future__ import annotations

from torch import Tensor, nn

from swin3d_mmdet3d.structures import SparseVoxels

from .site_conv import SiteConv3d


class ConvBlock(nn.Module):
    """Submanifold convolution, batch norm and ReLU (the original's MinkConvBNRelu).

    Args:
        in_channels: Width of the input features.
        out_channels: Width of the output features.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv_layers = nn.ModuleList(
            [SiteConv3d(in_channels, out_channels), nn.BatchNorm1d(out_channels), nn.ReLU()]
        )

    def forward(self, feats: Tensor, voxels: SparseVoxels) -> Tensor:
        """Convolve ``(N, C_in) -> (N, C_out)``."""
        conv, norm, relu = self.conv_layers
        return relu(norm(conv((feats, voxels))))


class ConvResidualBlock(nn.Module):
    """Two submanifold convolutions with batch norm and a residual path (the original's MinkResBlock)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = SiteConv3d(channels, channels)
        self.norm1 = nn.BatchNorm1d(channels)
        self.conv2 = SiteConv3d(channels, channels)
        self.norm2 = nn.BatchNorm1d(channels)
        self.relu = nn.ReLU()

    def forward(self, feats: Tensor, voxels: SparseVoxels) -> Tensor:
        """Refine ``(N, C)`` features."""
        hidden = self.relu(self.norm1(self.conv1((feats, voxels))))
        hidden = self.norm2(self.conv2((hidden, voxels)))
        return self.relu(feats + hidden)
