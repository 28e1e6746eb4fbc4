"""Layers of sparse convolution: at a level's own voxels, down, up again, and to voxels that they make.

out[m] = sum over offsets k with a voxel n at m + k of feats[n] W[k]
"""

from __future__ import annotations

import math

import torch
from swin3d_ops import KernelMap, sparse_conv
from swin3d_ops.kernel_offsets import kernel_offsets, offset_numbers
from swin3d_ops.neighbors import kernel_map_between
from swin3d_ops.voxel_index import unique_voxels
from torch import Tensor, nn

from ...structures import FeatureLevel, SparseVoxels


def as_kernel(weight: Tensor) -> Tensor:
    """A layer's weight ``(C_out, ..., C_in)`` as ``sparse_conv`` takes it: ``(K, C_in, C_out)``, a view.

    The K offsets are the axes between, as ``k, k, k`` in the order x, y, z.
    """
    return weight.movedim(0, -1).flatten(0, -3)


def uniform_bounds(weight: Tensor) -> tuple[float, float]:
    """Bounds of PyTorch's own convolutions for a weight ``(C_out, k, k, k, C_in)``."""
    bound = 1 / math.sqrt(weight[0].numel())
    return -bound, bound


class CubicKernel(nn.Module):
    """The weight of a sparse convolution with a cubic kernel and no bias, as fresh as PyTorch's.

    Args:
        in_channels: Width of the input features.
        out_channels: Width of the output features.
        kernel_size: Edge of the kernel in voxels.

    Attributes:
        weight: ``(C_out, k, k, k, C_in)``, spatial axes in the order x, y, z, as spconv's.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int) -> None:
        super().__init__()
        if kernel_size < 1:
            raise ValueError(f'kernel_size must be at least 1, got {kernel_size}')
        self.kernel_size = kernel_size
        self.weight = nn.Parameter(torch.empty(out_channels, *[kernel_size] * 3, in_channels))
        nn.init.uniform_(self.weight, *uniform_bounds(self.weight))

    def extra_repr(self) -> str:
        """Widths and kernel size, for printing."""
        return f'{self.weight.shape[-1]}, {self.weight.shape[0]}, kernel_size={self.kernel_size}'


class SparseConv3d(CubicKernel):
    """Sparse convolution whose outputs sit at given voxels.

    At a level's own voxels it is a submanifold convolution; at the parents of its voxels, a strided one
    that makes no voxel where there is none. Layers that share their voxels share the search for neighbours.

    Args:
        in_channels: Width of the input features.
        out_channels: Width of the output features.
        kernel_size: Edge of the kernel in voxels of the input level. Odd kernels are centred, even ones
            reach towards higher coordinates.

    Source: generalised sparse convolution, arXiv 1904.08755, section 3; offsets as in MinkowskiEngine.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int = 3) -> None:
        super().__init__(in_channels, out_channels, kernel_size)

    def forward(self, level: FeatureLevel, targets: SparseVoxels | None = None) -> Tensor:
        """Convolve ``(N, C_in)`` features of ``level`` to ``(M, C_out)`` at ``targets``.

        Args:
            level: Features and their voxels.
            targets: Output voxels, multiples of the level's stride; None for a submanifold convolution.

        Raises:
            ValueError: If the strides do not fit.
        """
        feats, voxels = level
        if targets is None or targets is voxels:
            return sparse_conv(feats, as_kernel(self.weight), voxels.kernel_map(self.kernel_size))
        if targets.stride % voxels.stride:
            raise ValueError(
                f'targets must have a stride that is a multiple of {voxels.stride}, got {targets.stride}'
            )
        grid = voxels.at(targets.coords, voxels.stride).grid_coords
        kernel_map = kernel_map_between(voxels.grid_coords, grid, self.kernel_size)
        return sparse_conv(feats, as_kernel(self.weight), kernel_map)


def strided_map(fine: SparseVoxels, coarse: SparseVoxels, parent: Tensor) -> KernelMap:
    """Map of a convolution of kernel 2 and stride 2.

    Args:
        fine: N voxels.
        coarse: The M voxels of twice the stride that hold them.
        parent: ``(N,)`` int64, the coarse voxel of each fine one.

    Raises:
        ValueError: If the strides do not differ by 2.
    """
    if coarse.stride != 2 * fine.stride:
        raise ValueError(f'coarse must have the stride {2 * fine.stride}, got {coarse.stride}')
    corner = fine.grid_coords[:, 1:].long() - 2 * coarse.grid_coords[parent, 1:].long()
    table = parent.new_full((8, len(coarse)), -1)
    table[offset_numbers(corner, 2), parent] = torch.arange(len(fine), device=parent.device)
    return KernelMap.from_table(table, len(fine))


class StridedConv(CubicKernel):
    """Convolution of kernel 2 and stride 2, from a level to the one of twice its stride."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(in_channels, out_channels, kernel_size=2)

    def forward(self, feats: Tensor, kernel_map: KernelMap) -> Tensor:
        """Carry ``(N, C_in)`` features to ``(M, C_out)`` by the map of :func:`strided_map`."""
        return sparse_conv(feats, as_kernel(self.weight), kernel_map)


class InverseConv(CubicKernel):
    """Transposed convolution of kernel 2 and stride 2, back to the voxels that a :class:`StridedConv` left.

    Source: SparseInverseConv3d of spconv.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(in_channels, out_channels, kernel_size=2)

    def forward(self, feats: Tensor, kernel_map: KernelMap) -> Tensor:
        """Carry ``(M, C_in)`` features to ``(N, C_out)`` against the map of :func:`strided_map`."""
        return sparse_conv(feats, as_kernel(self.weight), kernel_map.exchanged)


class GenerativeUpsample(CubicKernel):
    """Transposed convolution of stride 2 that makes a voxel wherever its kernel reaches.

    With a kernel of 2 each voxel gets its 8 children, which no other voxel has. With a kernel of 3 it
    reaches its 27 neighbours at half the stride, which it shares with the voxels around, and their parts
    add up.

    Args:
        in_channels: Width of the coarse features.
        out_channels: Width of the fine features.
        kernel_size: 2 or 3.

    Source: MinkowskiGenerativeConvolutionTranspose, as FCAF3D (arXiv 2112.00322, kernel 2) and TR3D
        (arXiv 2302.02858, kernel 3) use it. Fresh weights here lie within 1 / sqrt(k ** 3 C_in), as those of
        convolutions; MinkowskiEngine divides by C_out. The batch norm behind takes such a factor away.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int = 2) -> None:
        if kernel_size not in (2, 3):
            raise ValueError(f'kernel_size must be 2 or 3, got {kernel_size}')
        super().__init__(in_channels, out_channels, kernel_size)

    def forward(self, level: FeatureLevel) -> FeatureLevel:
        """Carry ``(N, C_in)`` features to ``(M, C_out)`` at half the stride.

        Children of a kernel of 2 follow each other in the order of their parents; the voxels of a kernel of
        3 are sorted by (batch, x, y, z).

        Raises:
            ValueError: If the stride is odd.
        """
        feats, voxels = level
        if voxels.stride % 2:
            raise ValueError(f'the level must have an even stride, got {voxels.stride}')
        half = voxels.stride // 2
        moves = nn.functional.pad(kernel_offsets(self.kernel_size, feats.device) * half, (1, 0))
        reach = voxels.coords[:, None] + moves.to(voxels.coords.dtype)  # (N, K, 4)
        if self.kernel_size == 2:
            children = torch.einsum('nc,dkc->nkd', feats, self.weight.flatten(1, 3))
            return children.flatten(0, 1), voxels.at(reach.flatten(0, 1), half)
        coords, inverse = unique_voxels(reach.flatten(0, 1))
        kernel_map = KernelMap.transposed(inverse.view(reach.shape[:2]).t(), len(coords))
        return sparse_conv(feats, as_kernel(self.weight), kernel_map), voxels.at(coords, half)
