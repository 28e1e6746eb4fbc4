"""Submanifold sparse convolution on spconv, on CPU and GPU, with weights that load the plain way."""

from __future__ import annotations

from typing import Any, Optional

import spconv.pytorch as spconv
import torch
from spconv.core import ConvAlgo
from torch import Tensor, nn

from swin3d_mmdet3d.structures import SparseVoxels


class SubMConv3d(spconv.SubMConv3d):
    """Submanifold convolution without bias: outputs sit exactly at the occupied voxels.

    The weight is ``(C_out, k, k, k, C_in)`` with spatial axes in the order x, y, z of the coordinates.

    mmdet3d replaces spconv's loading code by one that permutes the weights of any checkpoint it takes for an
    old one, finds that the shapes disagree and leaves the layer at random. This subclass loads like any
    ``nn.Module``. On a CPU spconv knows only its native algorithm, and no bias in eval mode.

    Args:
        in_channels: Width of the input features.
        out_channels: Width of the output features.
        kernel_size: Edge of the kernel in voxels, odd.
        indice_key: Layers of one kernel size that see the same sites in turn may share the search for
            neighbours under a name; spconv does not check that the sites are the same.
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int = 3, indice_key: Optional[str] = None
    ) -> None:
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(f'kernel_size must be odd and positive, got {kernel_size}')
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            padding=kernel_size // 2,
            bias=False,
            indice_key=indice_key,
            algo=ConvAlgo.Native,
        )

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:
        nn.Module._load_from_state_dict(self, *args, **kwargs)

    def forward(self, sites: spconv.SparseConvTensor) -> spconv.SparseConvTensor:
        """Convolve in float32 (float64 stays): spconv has no half precision on the CPU."""
        device = sites.features.device.type
        if device == 'cuda':
            return super().forward(sites)
        with torch.autocast(device, enabled=False):
            return super().forward(sites.replace_feature(sites.features.to(self.weight.dtype)))


def to_sites(feats: Tensor, voxels: SparseVoxels) -> spconv.SparseConvTensor:
    """Features ``(N, C)`` at the voxels' places on their own grid, as spconv takes them (indices >= 0)."""
    grid = voxels.grid_coords
    corner = grid[:, 1:].amin(0)
    indices = torch.cat([grid[:, :1], grid[:, 1:] - corner], dim=1).int().contiguous()
    extent = (indices[:, 1:].amax(0) + 1).tolist()
    return spconv.SparseConvTensor(feats, indices, extent, voxels.batch_size)


class ConvBlock(nn.Module):
    """Submanifold convolution, batch norm and ReLU (the original's MinkConvBNRelu).

    Args:
        in_channels: Width of the input features.
        out_channels: Width of the output features.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv_layers = nn.ModuleList(
            [SubMConv3d(in_channels, out_channels), nn.BatchNorm1d(out_channels), nn.ReLU()]
        )

    def forward(self, feats: Tensor, voxels: SparseVoxels) -> Tensor:
        """Convolve ``(N, C_in) -> (N, C_out)``."""
        conv, norm, relu = self.conv_layers
        return relu(norm(conv(to_sites(feats, voxels)).features))


class ConvResidualBlock(nn.Module):
    """Two submanifold convolutions with batch norm and a residual path (the original's MinkResBlock)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = SubMConv3d(channels, channels, indice_key='residual')
        self.norm1 = nn.BatchNorm1d(channels)
        self.conv2 = SubMConv3d(channels, channels, indice_key='residual')
        self.norm2 = nn.BatchNorm1d(channels)
        self.relu = nn.ReLU()

    def forward(self, feats: Tensor, voxels: SparseVoxels) -> Tensor:
        """Refine ``(N, C)`` features."""
        sites = self.conv1(to_sites(feats, voxels))
        hidden = self.relu(self.norm1(sites.features))
        hidden = self.norm2(self.conv2(sites.replace_feature(hidden)).features)
        return self.relu(feats + hidden)
