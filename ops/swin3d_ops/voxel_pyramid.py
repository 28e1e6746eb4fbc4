"""The coarser levels of a cloud of voxels: their voxels, parents and representatives.

On the CPU each level is found from the one before. A GPU finds all of them from the finest one, because the
host has to wait for the number of voxels of a level, and so waits once for all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from . import host_transfers
from .representatives import find_representatives
from .representatives.torch_impl import nearest_rows
from .voxel_index import KEY_LIMIT, check_corners, coarse_bounds, coarse_cells, num_cells, sort_voxels


@dataclass(frozen=True)
class CoarseLevel:
    """The M voxels of a level that hold the N voxels of the level before it.

    Attributes:
        cells: (M, 4) (batch, x, y, z) in edges of the level's voxels, sorted; dtype of the finest ones.
        parent: (N,) int64, the voxel that holds each voxel of the level before.
        representative: (M,) int64, the voxel of the finest level that represents each.
        rows: B + 1 bounds of the batch items' voxels.
        ptr: (B + 1,) int64, the same on the device.
        stride: Edge of a voxel.
    """

    cells: torch.Tensor
    parent: torch.Tensor
    representative: torch.Tensor
    rows: list[int]
    ptr: torch.Tensor
    stride: int

    @property
    def coords(self) -> torch.Tensor:
        """(M, 4) (batch, x, y, z) of the lowest corners, multiples of ``stride``."""
        return torch.cat([self.cells[:, :1], self.cells[:, 1:] * self.stride], 1)


def coarse_levels(
    coords: torch.Tensor,
    ptr: torch.Tensor,
    bounds: Sequence[Sequence[int]],
    strides: Sequence[int],
    rows: torch.Tensor,
) -> list[CoarseLevel]:
    """Find the levels above a cloud of voxels.

    The voxel of the level before whose row is nearest to the mean row of a cell represents it, see
    :func:`~swin3d_ops.voxel_index.nearest_to_mean`.

    Args:
        coords: (N, 4) integers (batch, x, y, z), grouped by batch item.
        ptr: (B + 1,) int64, rows of item b are ``ptr[b]:ptr[b + 1]``.
        bounds: A lowest and a highest (batch, x, y, z) with all voxels between them; not looked at again.
        strides: Edge of the voxels of each level, each a multiple of the one before.
        rows: (N, F) floats, finite.

    Raises:
        ValueError: ``rows`` that are not finite, an extent that overflows the 64-bit voxel key, or a coarse
            voxel beyond the dtype of ``coords``.
    """
    for stride in strides:
        check_corners(coords.dtype, stride, bounds)
    joint = _joint_bounds(bounds, strides, len(ptr) - 1)
    if host_transfers.reads_are_free(coords) or not len(coords) or num_cells(joint) >= KEY_LIMIT:
        return _one_after_another(coords, len(ptr) - 1, bounds, strides, rows)
    return _all_at_once(coords, ptr, joint, strides, rows)


def _one_after_another(coords, num_items, bounds, strides, rows) -> list[CoarseLevel]:
    levels, representative = [], None
    items = torch.arange(num_items + 1, device=coords.device)
    for stride in strides:
        runs = sort_voxels(coarse_cells(coords, stride), coarse_bounds(bounds, stride))
        starts = runs.starts(int(runs.number[-1]) + 1 if len(coords) else 0)
        ends = torch.nn.functional.pad(starts, (0, 1), value=len(coords))
        chosen = nearest_rows(rows, runs.order, runs.number, ends)
        _check_finite((chosen < len(coords)).all())
        representative = chosen if representative is None else representative[chosen]
        cells = coarse_cells(coords.index_select(0, chosen), stride)
        rows = rows.index_select(0, chosen)
        ptr = torch.searchsorted(cells[:, 0].long().contiguous(), items)
        levels.append(CoarseLevel(cells, runs.of_rows(), representative, ptr.tolist(), ptr, stride))
        coords = levels[-1].coords
    return levels


def _all_at_once(coords, ptr, bounds, strides, rows) -> list[CoarseLevel]:
    """Sort the cells of all levels together: the level is a digit of the key, ahead of the batch item."""
    count, num_items, num_levels = len(coords), len(ptr) - 1, len(strides)
    cells = coords.new_empty(num_levels, count, 4)
    for level, stride in enumerate(strides):
        torch.add(coords[:, 0], level * num_items, out=cells[level, :, 0])
        torch.div(coords[:, 1:], stride, rounding_mode='floor', out=cells[level, :, 1:])
    cells = cells.view(-1, 4)
    runs = sort_voxels(cells, bounds)
    total, level_ptr, level_rows = _rows_of_levels(runs.number, ptr, rows, num_levels)
    sizes = [bounds[-1] for bounds in level_rows]
    place = runs.order[runs.starts(total)]  # level * count + row of the first fine voxel of each cell
    run = runs.of_rows()
    # cells of a level lie in those of the next
    parent = torch.cat([run[:count], run[place[: total - sizes[-1]] + count]])
    representative = find_representatives(rows, parent, [count, *sizes])
    cells, levels, first = cells.index_select(0, place).split(sizes), [], 0
    for level, stride in enumerate(strides):
        cells[level][:, 0].sub_(level * num_items)
        own = parent.split([count, *sizes[:-1]])[level] - first
        levels.append(
            CoarseLevel(cells[level], own, representative[level], level_rows[level], level_ptr[level], stride)
        )
        first += sizes[level]
    return levels


def _joint_bounds(bounds, strides, num_items) -> list[list[int]]:
    """Return bounds of the cells of all levels."""
    low, high = zip(*(coarse_bounds(bounds, stride) for stride in strides))
    low, high = [min(numbers) for numbers in zip(*low)], [max(numbers) for numbers in zip(*high)]
    return [[0, *low[1:]], [len(strides) * num_items - 1, *high[1:]]]


def _rows_of_levels(number, ptr, rows, num_levels) -> tuple[int, torch.Tensor, list[list[int]]]:
    """Return the number of cells, and the bounds of the items' cells in each level on the device and here.

    This is where the host waits.
    """
    count = len(number) // num_levels
    ends = torch.cat([number, number[-1:] + 1])
    before = torch.arange(0, len(number), count, device=ptr.device)[:, None] + ptr
    before = ends[before]
    level_ptr = before - before[:, :1]
    finite = rows.isfinite().all()
    *table, is_finite = torch.cat([level_ptr.flatten(), finite.view(1)]).tolist()
    _check_finite(is_finite)
    level_rows = [table[start : start + len(ptr)] for start in range(0, len(table), len(ptr))]
    return sum(bounds[-1] for bounds in level_rows), level_ptr, level_rows


def _check_finite(finite) -> None:
    if not finite:
        raise ValueError('rows must be finite, got NaN or infinity')
