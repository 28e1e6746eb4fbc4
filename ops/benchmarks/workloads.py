"""Synthetic rooms for the benchmarks: noisy surfaces cut into voxels, and attention inputs on them."""

from __future__ import annotations

import ctypes
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from swin3d_ops import partition_windows, voxel_index

VOXEL = 0.02  # m
NOISE = 0.004  # m
ROOM = (6.5, 5.0, 2.8)  # m


@dataclass(frozen=True)
class Layer:
    """One attention layer of Swin3D-S: where it runs and its sizes."""

    voxels: int
    stride: int
    window: int
    heads: int
    width: int


LAYERS = {
    'room_s0': Layer(100_000, 1, 5, 6, 8),
    'room_s1': Layer(10_000, 3, 7, 6, 16),
    'room_s2': Layer(2_500, 6, 7, 12, 16),
}


def room_voxels(count: int, stride: int = 1) -> torch.Tensor:
    """Return about ``count`` voxels (N, 4) of a furnished room, a slab of it along x."""
    generator = torch.Generator().manual_seed(0)
    length, depth, height = ROOM
    faces = [((0, 0, 0), (length, 0, 0), (0, depth, 0)), ((0, 0, 0), (length, 0, 0), (0, 0, height))]
    faces += [((0, 0, 0), (0, depth, 0), (0, 0, height))]
    for _ in range(12):
        x, y = (torch.rand(2, generator=generator) * torch.tensor([length - 1, depth - 1])).tolist()
        a, b, c = (torch.rand(3, generator=generator) * 0.8 + 0.3).tolist()
        faces += [((x, y, c), (a, 0, 0), (0, b, 0)), ((x, y, 0), (a, 0, 0), (0, 0, c))]
        faces += [((x, y, 0), (0, b, 0), (0, 0, c)), ((x + a, y, 0), (0, b, 0), (0, 0, c))]
    clouds = []
    for corner, first, second in faces:
        corner, first, second = (torch.tensor(t, dtype=torch.float32) for t in (corner, first, second))
        area = float(first.norm() * second.norm())
        place = torch.rand(int(area * 8 / VOXEL**2), 2, generator=generator)
        clouds.append(corner + place[:, :1] * first + place[:, 1:] * second)
    xyz = torch.cat(clouds)
    xyz = xyz + torch.randn(xyz.shape, generator=generator) * NOISE + 0.05
    voxels = torch.floor(xyz / VOXEL).long()
    coords, _ = voxel_index.unique_voxels(torch.nn.functional.pad(voxels, (1, 0)))
    if stride > 1:
        coords, _ = voxel_index.parent_voxels(coords, stride)
        coords = torch.cat([coords[:, :1], coords[:, 1:] // stride], 1)
    return coords[:count]


def attention_inputs(layer: Layer, voxels: int | None = None) -> tuple:
    """Return the arguments of ``window_attention`` on a room, signals xyz and rgb."""
    coords = room_voxels(voxels or layer.voxels, layer.stride)
    generator = torch.Generator().manual_seed(1)
    windows = partition_windows(coords, layer.window, 0)
    n = len(coords)
    place = (windows.cell + torch.rand(n, 3, generator=generator)) * 4
    colour = torch.sin(coords[:, 1:].float() / 40) * 0.6 + torch.rand(n, 3, generator=generator) * 0.3
    table_rows = [8 * layer.window] * 3 + [32] * 3
    shape = (n, layer.heads, layer.width)
    inputs = [torch.randn(shape, generator=generator, requires_grad=True) for _ in range(3)]
    shape = (sum(table_rows), layer.heads, layer.width)
    inputs += [(torch.randn(shape, generator=generator) * 0.02).requires_grad_() for _ in range(3)]
    return (*inputs, torch.cat([place, colour * 8], 1), table_rows, windows)


def cpu_seconds(function, repeats: int) -> float:
    """Return the median of the CPU seconds (user + system) of a call, the first call dropped."""
    function()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return statistics.median(times)


def reset_peak_memory() -> None:
    """Make the peak of this process start at its present memory, freed blocks returned (Linux)."""
    ctypes.CDLL(None).malloc_trim(0)
    Path('/proc/self/clear_refs').write_text('5')


def peak_megabytes() -> float:
    """Return the highest resident memory since the last reset (Linux)."""
    status = Path('/proc/self/status').read_text()
    return int(status.split('VmHWM:')[1].split()[0]) / 1024
