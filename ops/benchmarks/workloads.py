"""The four attention workloads: layers of Swin3D-S on a thinned real scan and on a dense synthetic room.

A workload is a level of voxels, the signals xyz, rgb and normal (nine axes) and random features. The scan is
read from the optional folder of real samples beside the repository; where it is absent a thinned room
stands in, and the name of the workload says so.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from rooms import Cloud, room_cloud, scan_cloud
from swin3d_ops import partition_windows, voxel_index

QUANT = 4  # table rows per cell; colours and normals have twice as many per unit
SIGNAL_GUARD = 1.001


@dataclass(frozen=True)
class Layer:
    """Where an attention layer runs and its sizes."""

    cloud: str  # 'scan' or 'room'
    voxel: float  # m
    stride: int
    window: int
    heads: int
    width: int


LAYERS = {
    'scan4_s0': Layer('scan', 0.04, 1, 5, 6, 8),
    'scan2_s1': Layer('scan', 0.02, 3, 7, 6, 16),
    'room_s0': Layer('room', 0.02, 1, 5, 6, 8),
    'room_s1': Layer('room', 0.02, 3, 7, 6, 16),
}
ROOM_VOXELS = 100_000


@dataclass(frozen=True)
class Level:
    """Voxels at one resolution: (N, 4) on their own grid, and one point (x, y, z in cells) each."""

    coords: torch.Tensor
    xyz: torch.Tensor
    rgb: torch.Tensor
    normal: torch.Tensor


def cloud_of(name: str) -> Cloud:
    """Return the scan or the room; the room where the scan is absent."""
    return scan_cloud() if name == 'scan' else room_cloud()


def voxel_level(cloud: Cloud, voxel: float, stride: int = 1, count: int | None = None) -> Level:
    """Return the voxels of a cloud, ``count`` of the finest ones at most (a slab), pooled by ``stride``.

    The point of a voxel is the first of its points, as in the voxel preprocessor; that of a coarse
    voxel is the fine one nearest to the mean of position, colour and normal.
    """
    place = (cloud.xyz - cloud.xyz.amin(0)) / voxel
    cell = torch.nn.functional.pad(place.floor().long(), (1, 0))
    coords, inverse = voxel_index.unique_voxels(cell)
    first = torch.full((len(coords),), len(place)).scatter_reduce_(
        0, inverse, torch.arange(len(place)), 'amin'
    )
    coords, first = coords[:count], first[:count]
    rows = torch.cat([place[first], cloud.rgb[first], cloud.normal[first]], 1)
    if stride > 1:
        coords, parent = voxel_index.parent_voxels(coords, stride)
        rows = rows[voxel_index.nearest_to_mean(rows, parent, len(coords))]
        coords = torch.cat([coords[:, :1], coords[:, 1:] // stride], 1)
    return Level(coords, rows[:, :3].float() / stride, rows[:, 3:6].float(), rows[:, 6:].float())


def attention_inputs(level: Level, window: int, heads: int, width: int, shift: int = 0) -> tuple:
    """Return the arguments of ``window_attention`` on a level, signals xyz, rgb and normal."""
    windows = partition_windows(level.coords, window, shift)
    inner = level.xyz - level.coords[:, 1:]
    signals = torch.cat(
        [
            (windows.cell + inner) * QUANT,
            level.rgb * (2 * QUANT / SIGNAL_GUARD),
            level.normal * (2 * QUANT / SIGNAL_GUARD),
        ],
        dim=1,
    )
    table_rows = [2 * window * QUANT] * 3 + [8 * QUANT] * 6
    return (*draw_features(len(level.coords), sum(table_rows), heads, width), signals, table_rows, windows)


def draw_features(tokens: int, rows: int, heads: int, width: int) -> list[torch.Tensor]:
    """Return random q, k, v and the three tables, all with gradients."""
    generator = torch.Generator().manual_seed(1)
    inputs = [torch.randn(tokens, heads, width, generator=generator) for _ in range(3)]
    inputs += [torch.randn(rows, heads, width, generator=generator) * 0.02 for _ in range(3)]
    return [values.requires_grad_() for values in inputs]


def workload(name: str) -> tuple:
    """Return the arguments of ``window_attention`` of one of ``LAYERS``."""
    layer = LAYERS[name]
    count = ROOM_VOXELS if layer.cloud == 'room' else None
    level = voxel_level(cloud_of(layer.cloud), layer.voxel, layer.stride, count)
    return attention_inputs(level, layer.window, layer.heads, layer.width)
