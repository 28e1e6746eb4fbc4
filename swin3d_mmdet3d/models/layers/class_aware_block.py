"""The convolutions of one class of CAGroup3D: near and wide context on the class's own cells."""

from __future__ import annotations

import torch
from swin3d_ops.voxel_index import lookup
from torch import Tensor, nn

from swin3d_mmdet3d.structures import FeatureLevel, KernelMap, SparseVoxels

from .row_batch_norm import RowBatchNorm
from .site_conv import SiteConv3d, multiply_by_map


class CentredUpsample(nn.Module):
    """Transposed convolution by an odd factor s whose kernel of edge s is centred on the coarse voxels.

    ``out[c] = weight[c - s parent] x[parent]`` with parent = floor((c + s // 2) / s): the cells of a
    coarse voxel are averaged over s p .. s p + s - 1, but its kernel covers s p - s // 2 .. s p + s // 2.
    Where the parent is not occupied the result is 0.

    Args:
        in_channels: Width of the coarse features.
        out_channels: Width of the fine features.
        factor: Ratio s of the resolutions and edge of the kernel, odd.

    Attributes:
        weight: ``(C_out, s, s, s, C_in)``.

    Source: GenerativeConvolutionTranspose of MinkowskiEngine with output coordinates, as CAGroup3D calls it.
    """

    def __init__(self, in_channels: int, out_channels: int, factor: int = 3) -> None:
        super().__init__()
        if factor < 1 or factor % 2 == 0:
            raise ValueError(f'factor must be odd and positive, got {factor}')
        self.factor = factor
        self.weight = SiteConv3d(in_channels, out_channels, factor).weight

    def forward(self, level: FeatureLevel, voxels: SparseVoxels) -> Tensor:
        """Carry ``(M, C_in)`` features of stride s to the N voxels of stride 1: ``(N, C_out)``."""
        feats, coarse = level
        half = self.factor // 2
        coords = voxels.coords.long()
        parent = torch.div(coords[:, 1:] + half, self.factor, rounding_mode='floor') * self.factor
        row = lookup(coarse.coords, torch.cat([coords[:, :1], parent], dim=1).to(coarse.coords.dtype))
        offset = coords[:, 1:] - parent + half
        kernel = (offset[:, 0] * self.factor + offset[:, 1]) * self.factor + offset[:, 2]
        rows = row.new_full((self.factor**3, len(row)), -1)
        rows[kernel, torch.arange(len(row), device=row.device)] = row
        return multiply_by_map(feats, self.weight, KernelMap.from_rows(rows, len(feats)))


class ClassAwareBlock(nn.Module):
    """Convolve the cells of one class near and wide, and fuse both.

    Args:
        channels: Width C of the features.
        kernel_size: Edge of the near kernel in cells.
        expand_kernel_size: Edge of the wide kernel in coarse cells.
        expand: Edge of a coarse cell in cells.

    Source: arXiv 2210.04264, section 3.2; kernels 9 and 5 and the expanded map as in
        github.com/Haiyang-W/CAGroup3D, cagroup_head.py.
    """

    def __init__(
        self, channels: int, kernel_size: int = 9, expand_kernel_size: int = 5, expand: int = 3
    ) -> None:
        super().__init__()
        self.near = SiteConv3d(channels, channels, kernel_size)
        self.near_norm = RowBatchNorm(channels)
        self.wide = SiteConv3d(channels, channels, expand_kernel_size)
        self.wide_norm = RowBatchNorm(channels)
        self.up = CentredUpsample(channels, channels, expand)
        self.up_norm = RowBatchNorm(channels)
        self.fuse = nn.Linear(2 * channels, channels, bias=False)
        self.fuse_norm = RowBatchNorm(channels)
        self.act = nn.ELU()
        nn.init.normal_(self.near.weight, std=0.01)

    def forward(self, fine: FeatureLevel, coarse: FeatureLevel) -> Tensor:
        """Features ``(N, C)`` of the N cells of ``fine``; ``coarse`` has stride ``expand``."""
        near = self.act(self.near_norm(self.near(fine)))
        wide = self.act(self.wide_norm(self.wide(coarse)))
        up = self.act(self.up_norm(self.up((wide, coarse[1]), fine[1])))
        return self.act(self.fuse_norm(self.fuse(torch.cat([up, near], dim=1))))
