"""Check of a device's levels, representatives and windows: they are those of the CPU, to the last row."""

from __future__ import annotations

import torch
from swin3d_ops.voxel_index import bounds_of, coarse_bounds, unique_voxels
from swin3d_ops.voxel_pyramid import coarse_levels
from swin3d_ops.window_index import WindowGrid, partition_grids

STRIDES, ITEMS = (3, 6, 12, 24), 3


def draw_voxels(count: int, extent: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return voxels around the origin of three batch items, the second of them empty, and a row for each."""
    generator = torch.Generator().manual_seed(extent)
    coords = torch.randint(-extent, extent, (count, 4), generator=generator)
    coords[:, 0] = coords[:, 0] % 2 * 2
    coords, _ = unique_voxels(coords.int())
    return coords, torch.rand(len(coords), 6, generator=generator)


def levels_on(device: torch.device, coords: torch.Tensor, rows: torch.Tensor) -> dict[str, torch.Tensor]:
    """Return what a device finds above these voxels, by name."""
    bounds, coords, rows = bounds_of(coords), coords.to(device), rows.to(device)
    ptr = torch.searchsorted(coords[:, 0].long().contiguous(), torch.arange(ITEMS + 1, device=device))
    levels, found = coarse_levels(coords, ptr, bounds, STRIDES, rows), {}
    grids = [WindowGrid(coords, bounds, 5, shift) for shift in (0, 2)]
    for level in levels:
        for name in ('cells', 'parent', 'representative', 'ptr'):
            found[f'{name} at stride {level.stride}'] = getattr(level, name)
        found[f'rows at stride {level.stride}'] = torch.tensor(level.rows)
        box = coarse_bounds(bounds, level.stride)
        grids += [WindowGrid(level.cells, box, 7, shift) for shift in (0, 3)]
    for number, windows in enumerate(partition_grids(grids)):
        found[f'order of windows {number}'], found[f'cells of windows {number}'] = windows.order, windows.cell
        found[f'bounds of windows {number}'] = windows.ptr.unique()  # where they repeat, windows are empty
    return found


def check_levels(device: torch.device) -> None:
    """Raise AssertionError where a device finds something else than the CPU, or something else again."""
    for count, extent in ((1, 4), (30_000, 30), (5_000, 2**18)):
        voxels = draw_voxels(count, extent)
        expected = levels_on(torch.device('cpu'), *voxels)
        for _ in range(2):
            for name, values in levels_on(device, *voxels).items():
                if not torch.equal(values.cpu(), expected[name]):
                    raise AssertionError(
                        f'{name} of {count} voxels within {extent} differ from those of the CPU'
                    )
