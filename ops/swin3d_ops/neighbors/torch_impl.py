"""The search in vectorised PyTorch: binary search among sorted keys, column by column of the kernel."""

from __future__ import annotations

import torch

from ..kernel_offsets import first_offset
from ..sparse_conv.kernel_map import KernelMap
from ..voxel_index import KEY_LIMIT, bounds_of, pack


def lookup(coords: torch.Tensor, query: torch.Tensor, kernel_size: int) -> torch.Tensor:
    """One search serves the k voxels of a column along z, whose keys follow each other."""
    if not len(coords):
        return query.new_full((kernel_size**3, len(query)), -1, dtype=torch.int64)
    lowest = first_offset(kernel_size)
    low, high = bounds_of(coords, query)
    for axis in (1, 2, 3):  # room for the kernel, so that keys of different columns never meet
        low[axis] += lowest
        high[axis] += lowest + kernel_size - 1
    keys, order = torch.sort(pack(coords, [low, high]), stable=True)
    center = pack(query, [low, high])
    extent_y, extent_z = high[2] - low[2] + 1, high[3] - low[3] + 1
    keys = torch.cat([keys, keys.new_full((1,), KEY_LIMIT - 1)])  # matches nothing
    rows = []
    for x in range(lowest, lowest + kernel_size):
        for y in range(lowest, lowest + kernel_size):
            wanted = center + ((x * extent_y + y) * extent_z + lowest)
            place = torch.searchsorted(keys, wanted)
            for _ in range(kernel_size):
                found = keys[place] == wanted
                rows.append(torch.where(found, order[place.clamp(max=len(order) - 1)], -1))
                place = place + found
                wanted = wanted + 1
    return torch.stack(rows)


def kernel_map(coords: torch.Tensor, query: torch.Tensor, kernel_size: int) -> KernelMap:
    """Return the map of the rows that are found."""
    rows = lookup(coords, query, kernel_size)
    mirrored = coords is query and kernel_size % 2 == 1 and are_distinct(rows)
    return KernelMap.from_table(rows, len(coords), mirrored)


def are_distinct(rows: torch.Tensor) -> bool:
    """Whether each voxel finds itself at the centre of an odd kernel, and not an equal one before it."""
    centre = rows[len(rows) // 2]
    return torch.equal(centre, torch.arange(len(centre), dtype=rows.dtype, device=rows.device))
