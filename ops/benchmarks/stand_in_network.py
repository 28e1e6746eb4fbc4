"""A network of the ops and torch.nn alone that stands in for Swin3D-S where there is no mmdet3d.

Same ops, widths, depths, heads and windows as the encoder, decoder and a linear head, on signals of six axes.
Not in it: stochastic depth and the losses. Times are those of the ops in their place in a network, not those
of Swin3D.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from pyramid import VoxelLevel, coarser_levels, table_rows, windows_with_signals
from swin3d_ops import (
    WindowIndex,
    block_mlp,
    knn,
    resample,
    row_linear,
    sparse_conv,
    window_attention,
)
from swin3d_ops.attention_layout import join_tables, split_heads
from swin3d_ops.neighbors import kernel_map_between
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

CHANNELS, HEADS, DEPTHS = (48, 96, 192, 384, 384), (6, 6, 12, 24, 24), (2, 4, 9, 4, 4)
WINDOWS, FACTORS = (5, 7, 7, 7, 7), (3, 2, 2, 2)
IN_CHANNELS, CLASSES = 6, 20
DOWN, UP = 16, 3  # neighbours


@dataclass(frozen=True)
class Topology:
    """A level and what every block of it reads.

    Attributes:
        level: the voxels.
        windows: regular and shifted windows with their signals (N, 6).
    """

    level: VoxelLevel
    windows: list[tuple[WindowIndex, Tensor]]


def levels_of(level: VoxelLevel) -> list[VoxelLevel]:
    """Return a level and the coarser ones of Swin3D, fine to coarse."""
    return [level, *coarser_levels(level, FACTORS)]


def topologies(levels: Sequence[VoxelLevel]) -> list[Topology]:
    """Return the levels of Swin3D, fine to coarse, with their windows."""
    wanted = [(level, size, shift) for level, size in zip(levels, WINDOWS) for shift in (0, size // 2)]
    windows = windows_with_signals(wanted)
    return [Topology(level, windows[2 * number : 2 * number + 2]) for number, level in enumerate(levels)]


class Stem(nn.Module):
    """Submanifold convolution of 3^3 voxels, batch norm, ReLU: (N, C) -> (N, E)."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(27, in_channels, out_channels) * (27 * in_channels) ** -0.5)
        self.norm = nn.BatchNorm1d(out_channels)

    def forward(self, feats: Tensor, level: VoxelLevel) -> Tensor:
        """Convolve the features of a level."""
        kernel_map = kernel_map_between(level.coords, level.coords, 3)
        return self.norm(sparse_conv(feats, self.weight, kernel_map)).relu()


class Block(nn.Module):
    """Pre-norm window attention and a feed-forward of ratio 4, both residual: (N, C) -> (N, C)."""

    def __init__(self, channels: int, heads: int, window_size: int) -> None:
        super().__init__()
        self.with_cp = False
        self.heads, self.rows = heads, table_rows(window_size)
        shapes = [(3, rows, heads, channels // heads) for rows in self.rows[::3]] * 3
        self.tables = nn.ParameterList([torch.randn(shape) * 0.02 for shape in shapes])
        self.norm, self.qkv = nn.LayerNorm(channels), nn.Linear(channels, 3 * channels)
        self.proj = nn.Linear(channels, channels)
        self.mlp_norm = nn.LayerNorm(channels)
        self.widen, self.narrow = nn.Linear(channels, 4 * channels), nn.Linear(4 * channels, channels)

    def forward(self, feats: Tensor, windows: tuple[WindowIndex, Tensor]) -> Tensor:
        """Refine the features of a level within windows."""
        if self.with_cp and torch.is_grad_enabled():
            feats = checkpoint(self._attend, feats, windows, use_reentrant=False, preserve_rng_state=False)
        else:
            feats = self._attend(feats, windows)
        layers = self.mlp_norm, self.widen, self.narrow
        parameters = (tensor for layer in layers for tensor in (layer.weight, layer.bias))
        return block_mlp(feats, *parameters, None, self.mlp_norm.eps)

    def _attend(self, feats: Tensor, windows: tuple[WindowIndex, Tensor]) -> Tensor:
        index, signals = windows
        norm, qkv, proj = self.norm, self.qkv, self.proj
        triple = row_linear(feats, qkv.weight, qkv.bias, (norm.weight, norm.bias, norm.eps))
        heads, tables = split_heads(triple, self.heads), join_tables(list(self.tables))
        out = window_attention(*heads, *tables, signals, self.rows, index)
        return row_linear(out.flatten(1), proj.weight, proj.bias, residual=feats)


class Down(nn.Module):
    """Norm, linear map, maximum over the nearest fine voxels: (N, C) -> (M, E)."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(in_channels)
        self.linear = nn.Linear(in_channels, out_channels, bias=False)

    def forward(self, feats: Tensor, fine: VoxelLevel, coarse: VoxelLevel) -> Tensor:
        """Pool the features of the fine level."""
        index, _ = knn(coarse.xyz, fine.xyz, DOWN, coarse.ptr, fine.ptr, known=True)
        return resample.linear_gather_max(self.norm(feats), self.linear.weight, index)


class Up(nn.Module):
    """Interpolation of the coarse level, a skip connection and one block: (M, E), (N, C) -> (N, C)."""

    def __init__(self, in_channels: int, out_channels: int, heads: int, window_size: int) -> None:
        super().__init__()
        self.skip = nn.Sequential(nn.LayerNorm(out_channels), nn.Linear(out_channels, out_channels))
        self.climb = nn.Sequential(nn.LayerNorm(in_channels), nn.Linear(in_channels, out_channels))
        self.block = Block(out_channels, heads, window_size)

    def forward(self, coarse_feats: Tensor, coarse: VoxelLevel, feats: Tensor, fine: Topology) -> Tensor:
        """Merge the features of both levels at the fine one."""
        level = fine.level
        index, distance = knn(level.xyz, coarse.xyz, UP, level.ptr, coarse.ptr, known=True)
        weight = resample.inverse_distance_weights(distance)
        feats = self.skip(feats) + resample.interpolate(self.climb(coarse_feats), index, weight)
        return self.block(feats, fine.windows[0])


class StandInNetwork(nn.Module):
    """Stem, five levels of blocks, decoder, linear head: (N, 6) and the finest level -> (N, 20).

    Coarser levels, windows, neighbours and the kernel map are found in every call, as for a fresh scene.

    Args:
        depths: blocks of each level.
    """

    def __init__(self, depths: tuple[int, ...] = DEPTHS) -> None:
        super().__init__()
        self.stem = Stem(IN_CHANNELS, CHANNELS[0])
        sizes = list(zip(CHANNELS, HEADS, WINDOWS))
        self.stages = nn.ModuleList(
            nn.ModuleList(Block(*size) for _ in range(depth)) for size, depth in zip(sizes, depths)
        )
        self.downs = nn.ModuleList(Down(*pair) for pair in zip(CHANNELS, CHANNELS[1:]))
        self.ups = nn.ModuleList(Up(width, *size) for width, size in zip(CHANNELS[1:], sizes))
        self.head = nn.Linear(CHANNELS[0], CLASSES)

    def checkpoint_activations(self) -> None:
        """Keep nothing of the attention of a block but its input, as ``with_cp`` of Swin3D does."""
        for module in self.modules():
            if isinstance(module, Block):
                module.with_cp = True

    def forward(self, feats: Tensor, level: VoxelLevel) -> Tensor:
        """Return the scores of each voxel."""
        places = topologies(levels_of(level))
        feats = self.stem(feats, level)
        passed = []
        for number, blocks in enumerate(self.stages):
            for turn, block in enumerate(blocks):
                feats = block(feats, places[number].windows[turn % 2])
            passed.append(feats)
            if number < len(self.downs):
                feats = self.downs[number](feats, places[number].level, places[number + 1].level)
        for number in reversed(range(len(self.ups))):
            feats = self.ups[number](feats, places[number + 1].level, passed[number], places[number])
        return self.head(feats)
