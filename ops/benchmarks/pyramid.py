"""Levels of voxels as a network of the ops sees them: batches of the synthetic room, fine to coarse.

A batch item is a slab of the room of 2 cm voxels, another one for each item.
"""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from rooms import room_cloud, thinned_room
from swin3d_ops import WindowIndex, voxel_index
from swin3d_ops.voxel_pyramid import coarse_levels
from swin3d_ops.window_index import WindowGrid, partition_grids
from workloads import QUANT, SIGNAL_GUARD, Level, voxel_level

VOXEL = 0.02  # m
THIN_POINTS = 40_684  # those of a thinned real scan
RGB_BINS = 8 * QUANT


@dataclass(frozen=True)
class VoxelLevel:
    """Voxels of a batch at one resolution.

    Attributes:
        coords: (N, 4) int64 (batch, x, y, z) on the level's own grid, grouped by batch item.
        xyz: (N, 3) float32, one point a voxel, in voxels of the finest level.
        rgb: (N, 3) float32 in [-1, 1].
        ptr: (B + 1,) int64, rows of item b are ``ptr[b]:ptr[b + 1]``.
        stride: edge of a voxel in voxels of the finest level.
    """

    coords: torch.Tensor
    xyz: torch.Tensor
    rgb: torch.Tensor
    ptr: torch.Tensor
    stride: int = 1

    def __len__(self) -> int:
        return len(self.coords)

    @functools.cached_property
    def bounds(self) -> list[list[int]]:
        """A lowest and a highest (batch, x, y, z) between which all voxels lie, on the host."""
        return voxel_index.bounds_of(self.coords)

    def to(self, device: torch.device | str) -> VoxelLevel:
        """Return the level on a device, where its bounds are known."""
        parts = (tensor.to(device) for tensor in (self.coords, self.xyz, self.rgb, self.ptr))
        return VoxelLevel(*parts, self.stride).knowing(self.bounds)

    def knowing(self, bounds: list[list[int]]) -> VoxelLevel:
        """Return this level with bounds found elsewhere, so that a GPU is not waited for."""
        vars(self)['bounds'] = bounds
        return self

    def features(self) -> torch.Tensor:
        """Return the input of a network, (N, 6): colour, and place of the point in its voxel."""
        return torch.cat([self.rgb, self.xyz - self.coords[:, 1:] - 0.5], 1)


@functools.cache
def _room() -> Level:
    return voxel_level(room_cloud(), VOXEL)


@functools.cache
def _thin_room() -> Level:
    return voxel_level(thinned_room(THIN_POINTS), VOXEL)


def room_level(batch: int, voxels: int, thin: bool = False) -> VoxelLevel:
    """Return ``batch`` slabs of ``voxels`` voxels, or of all that there are, on the CPU.

    Args:
        batch: items B.
        voxels: voxels an item, at most.
        thin: as sparse as a thinned real scan: some 6 voxels in a window of 5, where the room has 48.
    """
    room = _thin_room() if thin else _room()
    spare = max(1, len(room.coords) - voxels + 1)
    rows = [slice(item * voxels % spare, item * voxels % spare + voxels) for item in range(batch)]
    coords = [room.coords[part] for part in rows]
    sizes = torch.tensor([0, *map(len, coords)])
    item = torch.repeat_interleave(torch.arange(batch), sizes[1:])
    coords = torch.cat([item[:, None], torch.cat(coords)[:, 1:]], 1)
    xyz, rgb = (torch.cat([column[part] for part in rows]) for column in (room.xyz, room.rgb))
    return VoxelLevel(coords, xyz, rgb, sizes.cumsum(0))


def coarser_levels(level: VoxelLevel, factors: Sequence[int]) -> list[VoxelLevel]:
    """Return the levels above one, each with edges ``factors`` times as long as the one before.

    A voxel keeps the point of the finer one that is nearest to their mean.
    """
    strides = list(itertools.accumulate(factors, operator.mul))
    found = coarse_levels(
        level.coords, level.ptr, level.bounds, strides, torch.cat([level.xyz, level.rgb], 1)
    )
    levels = []
    for coarse in found:
        rows = coarse.representative
        parts = coarse.cells, level.xyz[rows], level.rgb[rows], coarse.ptr, level.stride * coarse.stride
        bounds = voxel_index.coarse_bounds(level.bounds, coarse.stride)
        levels.append(VoxelLevel(*parts).knowing(bounds))
    return levels


def table_rows(window_size: int) -> list[int]:
    """Return the rows of the tables of six axes, position and colour."""
    return [2 * window_size * QUANT] * 3 + [RGB_BINS] * 3


def windows_with_signals(
    wanted: Sequence[tuple[VoxelLevel, int, int]],
) -> list[tuple[WindowIndex, torch.Tensor]]:
    """Return windows, and the signals (N, 6) of their voxels in bins: position, colour.

    Args:
        wanted: levels, the edge of their windows and the shift, in voxels of the level.
    """
    grids = [WindowGrid(level.coords, level.bounds, *size_and_shift) for level, *size_and_shift in wanted]
    results = []
    for (level, *_), windows in zip(wanted, partition_grids(grids)):
        place = windows.cell + (level.xyz / level.stride - level.coords[:, 1:])
        colour = level.rgb * (2 * QUANT / SIGNAL_GUARD)
        results.append((windows, torch.cat([place * QUANT, colour], 1)))
    return results
