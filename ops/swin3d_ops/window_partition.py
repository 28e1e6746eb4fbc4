"""Partitions of voxels into windows by torch: one sort serves many clouds, window sizes and shifts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch

from . import host_transfers
from .voxel_index import KEY_LIMIT, bounds_of, num_cells, sort_voxels


class WindowGrid(NamedTuple):
    """Voxels and the windows that they are to be partitioned into.

    Attributes:
        coords: (N, 4) integers (batch, x, y, z).
        bounds: A lowest and a highest (batch, x, y, z) with all voxels between them; None to look for them.
        window_size: Edge of a window in voxels.
        shift: Voxels added to x, y and z before the partition, in [0, window_size).
    """

    coords: torch.Tensor
    bounds: Sequence[Sequence[int]] | None
    window_size: int
    shift: int


def partition(grids: Sequence[WindowGrid]) -> list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """Return order, ptr and cell of each grid, as :class:`~swin3d_ops.window_index.WindowIndex` has them.

    A GPU is not waited for: the number of windows stays unknown, and ``ptr`` has N + 1 numbers, the last of
    which repeat N.

    Args:
        grids: At least one.

    Raises:
        ValueError: The extent of a grid overflows the 64-bit voxel key.
    """
    bounds, num_items = _bounds_of_windows(grids)
    if num_cells(bounds) >= KEY_LIMIT and len(grids) > 1:
        return [partition([grid])[0] for grid in grids]
    counts = [len(grid.coords) for grid in grids]
    total, device = sum(counts), grids[0].coords.device
    starts = [sum(counts[:number]) for number in range(len(grids))]
    table = [
        (count, number * num_items, start, start + number, grid.window_size, grid.shift)
        for number, (grid, count, start) in enumerate(zip(grids, counts, starts))
    ]
    table = host_transfers.numbers_on(device, table)
    of_rows = table.repeat_interleave(table[:, 0], 0, output_size=total)
    _, item, start, slot, size, shift = of_rows.unbind(1)
    windows, cell = _windows_of(torch.cat([grid.coords for grid in grids]), size[:, None], shift[:, None])
    windows[:, 0].add_(item)
    runs = sort_voxels(windows, bounds)
    # a window's first place in the order of its grid; where a grid has no more windows, its number of voxels
    ptr = table[:, 0].repeat_interleave(table[:, 0] + 1, output_size=total + len(grids))
    place = torch.arange(total, device=device) - start
    window = runs.number - runs.number[start]
    ptr.scatter_reduce_(0, window + slot, place, 'amin')
    parts = zip(
        (runs.order - start).split(counts), ptr.split([count + 1 for count in counts]), cell.split(counts)
    )
    if host_transfers.reads_are_free(ptr):
        return [(order, _without_repeats(ptr), cell) for order, ptr, cell in parts]
    return list(parts)


def _windows_of(coords, size, shift) -> tuple[torch.Tensor, torch.Tensor]:
    """Return (batch, window) and the place in the window; the shift is added to places alone, and fits."""
    coords = coords.long()
    places = coords[:, 1:]
    cell = torch.remainder(places, size) + shift
    beyond = cell >= size
    windows = torch.div(places, size, rounding_mode='floor').add_(beyond)
    return torch.cat([coords[:, :1], windows], 1), torch.where(beyond, cell - size, cell)


def _bounds_of_windows(grids) -> tuple[list[list[int]], int]:
    """Return bounds of the windows of all grids, each with items of its own, and the items of a grid."""
    boxes = [bounds_of(grid.coords) if grid.bounds is None else grid.bounds for grid in grids]
    batch = [min(low[0] for low, _ in boxes), max(high[0] for _, high in boxes)]
    num_items = batch[1] - batch[0] + 1
    batch[1] += (len(grids) - 1) * num_items
    places = [
        [[(place + grid.shift) // grid.window_size for place in end[1:]] for grid, end in zip(grids, ends)]
        for ends in zip(*boxes)
    ]
    low, high = ([side(numbers) for numbers in zip(*ends)] for side, ends in zip((min, max), places))
    return [[batch[0], *low], [batch[1], *high]], num_items


def _without_repeats(ptr):
    return ptr[: int((ptr < ptr[-1]).sum()) + 1].clone()
