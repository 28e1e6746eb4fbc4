"""Integer voxel keys: key = ((b Ex + x) Ey + y) Ez + z over the extent E of the voxels at hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from . import host_transfers
from .arguments import LARGEST, check_int, check_rows, check_tensor
from .representatives.torch_impl import nearest_rows

KEY_LIMIT = 2**63
NARROW_LIMIT = 2**31
"""Keys below are sorted as 32-bit integers, in half the passes."""


@dataclass(frozen=True)
class VoxelRuns:
    """Rows of voxels in the order of their voxels, equal ones in ascending order; a run for each voxel.

    Attributes:
        order: (N,) int64 rows.
        number: (N,) int64, from 0, the run that each of ``order`` belongs to.
    """

    order: torch.Tensor
    number: torch.Tensor

    def starts(self, num_runs: int) -> torch.Tensor:
        """Return the first place in ``order`` of each run, (num_runs,) int64."""
        if host_transfers.reads_are_free(self.number):
            return _is_first(self.number).nonzero().squeeze(1)
        return torch.searchsorted(self.number, torch.arange(num_runs, device=self.number.device))

    def of_rows(self) -> torch.Tensor:
        """Return the run of each row, (N,) int64."""
        return torch.empty_like(self.order).scatter_(0, self.order, self.number)


def check_coords(coords: torch.Tensor, name: str) -> None:
    """Raise unless ``coords`` is an integer tensor of shape (N, 4)."""
    check_tensor(name, coords)
    if coords.dtype not in (torch.int16, torch.int32, torch.int64):
        raise TypeError(f'{name} must hold int16, int32 or int64, got {coords.dtype}')
    if coords.ndim != 2 or coords.shape[1] != 4:
        raise ValueError(f'{name} must have shape (N, 4) = (batch, x, y, z), got {tuple(coords.shape)}')


def check_query(coords: torch.Tensor, query: torch.Tensor) -> None:
    """Raise unless both are voxels on one device."""
    check_coords(coords, 'coords')
    check_coords(query, 'query')
    if query.device != coords.device:
        raise ValueError(f'query must be on {coords.device} as coords, got {query.device}')


def bounds_of(*parts: torch.Tensor) -> list[list[int]]:
    """Return the lowest and the highest (batch, x, y, z) over all rows as Python integers."""
    parts = [part for part in parts if len(part)]
    if not parts:
        return [[0] * 4, [0] * 4]
    low = torch.stack([part.amin(0) for part in parts]).amin(0)
    high = torch.stack([part.amax(0) for part in parts]).amax(0)
    return torch.stack([low, high]).long().tolist()


def num_cells(bounds: Sequence[Sequence[int]]) -> int:
    """Return the number of voxels within ``bounds``; keys of ``KEY_LIMIT`` and more are not to be had."""
    return math.prod(top - bottom + 1 for bottom, top in zip(*bounds))


def pack(coords: torch.Tensor, bounds: Sequence[Sequence[int]]) -> torch.Tensor:
    """Return the key of each voxel within ``bounds``; ValueError where keys would reach 2**63."""
    low, high = bounds
    cells = num_cells(bounds)
    if cells >= KEY_LIMIT or min(low) < -KEY_LIMIT or max(high) >= KEY_LIMIT:
        raise ValueError(
            'coords: the extent of (batch, x, y, z) overflows the 64-bit voxel key, '
            f'got low {low}, high {high}'
        )
    if 4 * cells * max(abs(number) for number in (*low, *high)) >= KEY_LIMIT:  # sums would overflow
        coords, low = coords.long() - torch.tensor(low, device=coords.device), [0] * 4
    key, first = coords[:, 0].long(), low[0]
    for axis in (1, 2, 3):
        extent = high[axis] - bounds[0][axis] + 1
        key = torch.add(coords[:, axis], key, alpha=extent)
        first = first * extent + low[axis]
    return key - first if first else key


def sort_voxels(coords: torch.Tensor, bounds: Sequence[Sequence[int]]) -> VoxelRuns:
    """Sort voxels that lie within ``bounds``; nothing is looked at, and a GPU is not waited for."""
    keys = pack(coords, bounds)
    if num_cells(bounds) < NARROW_LIMIT:
        keys = keys.int()
    keys, order = torch.sort(keys, stable=True)
    return VoxelRuns(order, _is_first(keys).cumsum(0) - 1)


def _is_first(values: torch.Tensor) -> torch.Tensor:
    """Return where values differ from those before them, (N,) bool."""
    first = torch.ones_like(values, dtype=torch.bool)
    torch.ne(values[1:], values[:-1], out=first[1:])
    return first


def voxel_keys(coords: torch.Tensor) -> torch.Tensor:
    """Number the voxels so that keys are ordered and equal as (batch, x, y, z) are.

    Keys count from the lowest corner of ``coords``: keys of two calls cannot be compared.

    Args:
        coords: (N, 4) integers (batch, x, y, z); negative values are legal.

    Returns:
        (N,) int64 keys in [0, 2**63).

    Raises:
        TypeError: Not an integer tensor.
        ValueError: Wrong shape, or the extent overflows the key.
    """
    check_coords(coords, 'coords')
    return pack(coords, bounds_of(coords))


def unique_voxels(coords: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the distinct voxels, sorted, and the voxel of each row.

    Args:
        coords: (N, 4) integers (batch, x, y, z), repeated rows allowed.

    Returns:
        unique: (M, 4), dtype of ``coords``, sorted by (batch, x, y, z).
        inverse: (N,) int64 with ``unique[inverse] == coords``.
    """
    check_coords(coords, 'coords')
    return distinct_voxels(coords, bounds_of(coords))


def distinct_voxels(
    coords: torch.Tensor, bounds: Sequence[Sequence[int]]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return what :func:`unique_voxels` does of voxels that are known to lie within ``bounds``."""
    runs = sort_voxels(coords, bounds)
    count = int(runs.number[-1]) + 1 if len(coords) else 0
    return coords[runs.order[runs.starts(count)]], runs.of_rows()


def parent_voxels(coords: torch.Tensor, stride: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the coarse voxels that hold ``coords``: floor(c / stride) * stride.

    Args:
        coords: (N, 4) integers (batch, x, y, z), negative values are legal.
        stride: Edge of a coarse voxel in the units of ``coords``, at least 1 and within their dtype.

    Returns:
        parent_coords: (M, 4) multiples of ``stride``, sorted by (batch, x, y, z).
        parent: (N,) int64, row of ``parent_coords`` that holds each voxel.

    Raises:
        TypeError: ``coords`` or ``stride`` are no integers.
        ValueError: A wrong shape, ``stride`` out of range, or a coarse voxel beyond the dtype of ``coords``.
    """
    check_coords(coords, 'coords')
    if isinstance(stride, bool) or not isinstance(stride, int):
        raise TypeError(f'stride must be an int, got {type(stride).__name__}')
    limits = torch.iinfo(coords.dtype)
    if not 1 <= stride <= limits.max:
        raise ValueError(f'stride must be at least 1 and fit {coords.dtype}, got {stride}')
    bounds = bounds_of(coords)
    check_corners(coords.dtype, stride, bounds)
    cells, parent = distinct_voxels(coarse_cells(coords, stride), coarse_bounds(bounds, stride))
    cells[:, 1:] *= stride
    return cells, parent


def check_corners(dtype: torch.dtype, stride: int, bounds: Sequence[Sequence[int]]) -> None:
    """Raise unless a dtype holds the corners of the coarse voxels around all voxels within ``bounds``."""
    lowest, least = min(bounds[0][1:]) // stride * stride, torch.iinfo(dtype).min
    if lowest < least:
        raise ValueError(
            f'coords must lie in voxels of stride {stride} whose corners fit {dtype}, '
            f'at least {least}, got a corner of {lowest}'
        )


def coarse_cells(coords: torch.Tensor, stride: int) -> torch.Tensor:
    """Return (batch, x, y, z) // stride of each voxel, (N, 4)."""
    cells = coords.clone()
    torch.div(coords[:, 1:], stride, rounding_mode='floor', out=cells[:, 1:])
    return cells


def coarse_bounds(bounds: Sequence[Sequence[int]], stride: int) -> list[list[int]]:
    """Return bounds (batch, x, y, z) // stride of the coarse voxels, counted in their own edges."""
    return [[batch, *(place // stride for place in places)] for batch, *places in bounds]


def lookup(coords: torch.Tensor, query: torch.Tensor) -> torch.Tensor:
    """Return the row of ``coords`` that equals each row of ``query``, or -1.

    Args:
        coords: (N, 4) integers, any order; of repeated rows the first is returned.
        query: (M, 4) integers.

    Returns:
        (M,) int64 rows in [0, N), -1 where ``coords`` does not hold the voxel.

    Raises:
        TypeError: Not integer tensors.
        ValueError: Wrong shapes, two devices, or the extent of both overflows the key.
    """
    check_query(coords, query)
    if not len(coords):
        return query.new_full((len(query),), -1, dtype=torch.int64)
    bounds = bounds_of(coords, query)
    keys, order = torch.sort(pack(coords, bounds), stable=True)
    wanted = pack(query, bounds)
    place = torch.searchsorted(keys, wanted).clamp_(max=len(keys) - 1)
    return torch.where(keys[place] == wanted, order[place], -1)


def nearest_to_mean(rows: torch.Tensor, group: torch.Tensor, num_groups: int) -> torch.Tensor:
    """Choose in each group the row nearest to the group's mean row (representative voxel).

    Distances are Euclidean over all columns, in float64; rows within a relative 1e-9 of the
    smallest distance tie, and the lowest row wins.

    Args:
        rows: (N, F) floats, finite.
        group: (N,) int64 in [0, num_groups), every group non-empty.
        num_groups: Number of groups M.

    Returns:
        (M,) int64 row numbers.

    Raises:
        TypeError: Rows that are no floats, or groups that are no int64.
        ValueError: Wrong shapes, a group number out of range, an empty group, or a value that is not finite.
    """
    check_tensor('rows', rows)
    check_tensor('group', group)
    if not rows.is_floating_point() or group.dtype != torch.int64:
        raise TypeError(f'rows must be floats and group int64, got {rows.dtype} and {group.dtype}')
    if rows.ndim != 2:
        raise ValueError(f'rows must have shape (N, F), got {tuple(rows.shape)}')
    if group.shape != rows.shape[:1] or group.device != rows.device:
        raise ValueError(
            f'group must have shape ({len(rows)},) on {rows.device}, '
            f'got {tuple(group.shape)} on {group.device}'
        )
    check_int('num_groups', num_groups, 0, LARGEST)
    check_rows('group', group, num_groups)
    count = torch.bincount(group, minlength=num_groups) if num_groups <= len(rows) else group.new_zeros(1)
    if (count == 0).any():
        raise ValueError('group must name every group at least once, got an empty group')
    number, order = torch.sort(group, stable=True)
    bounds = torch.searchsorted(number, torch.arange(num_groups + 1, device=group.device))
    chosen = nearest_rows(rows, order, number, bounds)
    if (chosen == len(rows)).any():
        raise ValueError('rows must be finite, got NaN or infinity')
    return chosen
