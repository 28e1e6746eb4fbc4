"""The convolutions of CAGroup3D, near and wide on each class's own cells, for all classes at once."""

from __future__ import annotations

import torch
from swin3d_ops import KernelMap, sparse_conv
from swin3d_ops.kernel_offsets import offset_numbers
from swin3d_ops.voxel_index import lookup
from torch import Tensor, nn

from ....structures import FeatureLevel, SparseVoxels
from ...layers.norms import BatchNorm
from ...layers.sparse_conv import as_kernel, uniform_bounds


class ClassConv3d(nn.Module):
    """Sparse convolutions of K classes, a kernel each, as one product over all their cells.

    Args:
        num_classes: Number of classes K.
        in_channels: Width of the input features.
        out_channels: Width of the output features.
        kernel_size: Edge k of the kernels in cells.

    Attributes:
        weight: ``(C_out, K, k, k, k, C_in)``.
    """

    def __init__(self, num_classes: int, in_channels: int, out_channels: int, kernel_size: int) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.weight = nn.Parameter(torch.empty(out_channels, num_classes, *[kernel_size] * 3, in_channels))
        nn.init.uniform_(self.weight, *uniform_bounds(self.weight[:, 0]))

    def forward(self, feats: Tensor, kernel_map: KernelMap, label: Tensor) -> Tensor:
        """Convolve ``(N, C_in)`` features.

        Args:
            feats: Features of the input cells.
            kernel_map: Map under k ** 3 offsets to M outputs, each from cells of its own class.
            label: ``(M,)`` int64 class of each output, ascending.

        Returns:
            ``(M, C_out)``.
        """
        grouped = kernel_map.grouped(label, self.weight.shape[1])
        return sparse_conv(feats, as_kernel(self.weight), grouped)


class ClassBatchNorm(nn.ModuleList):
    """A :class:`BatchNorm` for the rows of each class."""

    def __init__(self, num_classes: int, channels: int) -> None:
        super().__init__(BatchNorm(channels) for _ in range(num_classes))

    def forward(self, feats: Tensor, counts: list[int]) -> Tensor:
        """Normalise ``(N, C)`` features whose first ``counts[0]`` rows are of class 0, and so on."""
        return torch.cat([norm(rows) for norm, rows in zip(self, feats.split(counts))])


def centred_upsampling_map(coarse: SparseVoxels, fine: SparseVoxels) -> KernelMap:
    """Map of a transposed convolution by an odd factor s whose kernel of edge s is centred on coarse voxels.

    ``out[c] = weight[c - s parent] x[parent]`` with parent = floor((c + s // 2) / s): the cells of a
    coarse voxel are averaged over s p .. s p + s - 1, but its kernel covers s p - s // 2 .. s p + s // 2.
    Where the parent is not occupied there is no pair.

    Args:
        coarse: Voxels of stride s.
        fine: Voxels of stride 1.

    Source: GenerativeConvolutionTranspose of MinkowskiEngine with output coordinates, as CAGroup3D calls it.
    """
    factor = coarse.stride
    half = factor // 2
    coords = fine.coords.long()
    parent = torch.div(coords[:, 1:] + half, factor, rounding_mode='floor') * factor
    row = lookup(coarse.coords, torch.cat([coords[:, :1], parent], dim=1).to(coarse.coords.dtype))
    offset = offset_numbers(coords[:, 1:] - parent, factor)
    table = row.new_full((factor**3, len(row)), -1)
    table[offset, torch.arange(len(row), device=row.device)] = row
    return KernelMap.from_table(table, len(coarse))


class ClassAwareBlock(nn.Module):
    """Convolve the cells of every class near and wide, and fuse both, with weights of the class.

    Args:
        num_classes: Number of classes K.
        channels: Width C of the features.
        kernel_size: Edge of the near kernels in cells.
        expand_kernel_size: Edge of the wide kernels in coarse cells.
        expand: Edge of a coarse cell in cells, odd.

    Raises:
        ValueError: If ``expand`` is even or not positive.

    Source: arXiv 2210.04264, section 3.2; kernels 9 and 5 and the expanded map as in
        github.com/Haiyang-W/CAGroup3D, cagroup_head.py, which runs one class after the other.
    """

    def __init__(
        self,
        num_classes: int,
        channels: int,
        kernel_size: int = 9,
        expand_kernel_size: int = 5,
        expand: int = 3,
    ) -> None:
        super().__init__()
        if expand < 1 or expand % 2 == 0:
            raise ValueError(f'expand must be odd and positive, got {expand}')
        self.num_classes = num_classes
        self.near = ClassConv3d(num_classes, channels, channels, kernel_size)
        self.near_norm = ClassBatchNorm(num_classes, channels)
        self.wide = ClassConv3d(num_classes, channels, channels, expand_kernel_size)
        self.wide_norm = ClassBatchNorm(num_classes, channels)
        self.up = ClassConv3d(num_classes, channels, channels, expand)
        self.up_norm = ClassBatchNorm(num_classes, channels)
        self.fuse = ClassConv3d(num_classes, 2 * channels, channels, 1)
        self.fuse_norm = ClassBatchNorm(num_classes, channels)
        self.act = nn.ELU()
        nn.init.normal_(self.near.weight, std=0.01)

    def forward(self, fine: FeatureLevel, coarse: FeatureLevel) -> Tensor:
        """Fuse both levels that ``group_class_points`` returned.

        Returns:
            Features ``(N, C)`` of the N cells of ``fine``.
        """
        (feats, voxels), (coarse_feats, coarse_voxels) = fine, coarse
        label, counts = self._classes(voxels)
        coarse_label, coarse_counts = self._classes(coarse_voxels)
        near = self.near(feats, voxels.kernel_map(self.near.kernel_size), label)
        near = self.act(self.near_norm(near, counts))
        wide = self.wide(coarse_feats, coarse_voxels.kernel_map(self.wide.kernel_size), coarse_label)
        wide = self.act(self.wide_norm(wide, coarse_counts))
        up = self.up(wide, centred_upsampling_map(coarse_voxels, voxels), label)
        up = self.act(self.up_norm(up, counts))
        fused = self.fuse(torch.cat([up, near], dim=1), _rows_to_themselves(label), label)
        return self.act(self.fuse_norm(fused, counts))

    def _classes(self, voxels: SparseVoxels) -> tuple[Tensor, list[int]]:
        """Class of each row, and rows of each class."""
        scenes = voxels.batch_size // self.num_classes
        return voxels.coords[:, 0].long() // scenes, voxels.ptr[::scenes].diff().tolist()


def _rows_to_themselves(label: Tensor) -> KernelMap:
    rows = torch.arange(len(label), dtype=torch.int32, device=label.device)
    bounds = torch.tensor([0, len(label)], device=label.device)
    return KernelMap(rows, rows, bounds, len(label), len(label))
