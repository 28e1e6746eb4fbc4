"""Integer voxel keys: key = ((b Ex + x) Ey + y) Ez + z over the extent E of the voxels at hand."""

from __future__ import annotations

import torch

from .arguments import LARGEST, check_int, check_rows, check_tensor

KEY_LIMIT = 2**63
TIE_TOLERANCE = 1e-9


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


def pack(coords: torch.Tensor, bounds: list[list[int]]) -> torch.Tensor:
    """Return the key of each voxel within ``bounds``; ValueError where keys would reach 2**63."""
    low, high = bounds
    extent = [top - bottom + 1 for bottom, top in zip(low, high)]
    cells = extent[0] * extent[1] * extent[2] * extent[3]
    if cells >= KEY_LIMIT or min(low) < -KEY_LIMIT or max(high) >= KEY_LIMIT:
        raise ValueError(
            'coords: the extent of (batch, x, y, z) overflows the 64-bit voxel key, '
            f'got low {low}, high {high}'
        )
    key = coords[:, 0].long() - low[0]
    for axis in (1, 2, 3):
        key = key * extent[axis] + (coords[:, axis].long() - low[axis])
    return key


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
    keys, order = torch.sort(voxel_keys(coords), stable=True)
    first = torch.ones_like(keys, dtype=torch.bool)
    first[1:] = keys[1:] != keys[:-1]
    inverse = torch.empty_like(order)
    inverse[order] = first.long().cumsum(0) - 1
    return coords[order[first]], inverse


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
    lowest = min(bounds_of(coords)[0][1:]) // stride * stride
    if lowest < limits.min:
        raise ValueError(
            f'coords must lie in voxels of stride {stride} whose corners fit {coords.dtype}, '
            f'at least {limits.min}, got a corner of {lowest}'
        )
    corner = torch.div(coords[:, 1:], stride, rounding_mode='floor') * stride
    return unique_voxels(torch.cat([coords[:, :1], corner], dim=1))


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
    rows = rows.detach().double()
    total = rows.new_zeros(num_groups, rows.shape[1]).index_add_(0, group, rows)
    squared = (rows - (total / count[:, None])[group]).square().sum(1)
    least = squared.new_full((num_groups,), torch.inf)
    least = least.scatter_reduce_(0, group, squared, 'amin')
    tied = squared <= least[group] * (1 + 2 * TIE_TOLERANCE)
    row = torch.arange(len(rows), device=rows.device)
    row = torch.where(tied, row, len(rows))
    chosen = torch.full((num_groups,), len(rows), device=rows.device)
    chosen = chosen.scatter_reduce_(0, group, row, 'amin')
    if (chosen == len(rows)).any():  # no row of the group is comparable
        raise ValueError('rows must be finite, got NaN or infinity')
    return chosen
