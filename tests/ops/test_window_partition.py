"""Windows of many clouds from one sort, on a host that must not wait, against a plain count."""

from __future__ import annotations

import pytest
import torch
from swin3d_ops import host_transfers
from swin3d_ops.voxel_index import bounds_of
from swin3d_ops.window_index import OP, WindowGrid, WindowIndex, is_partition, partition_grids


def cloud(num_voxels, extent, num_items=2, offset=0, dtype=torch.int32):
    coords = torch.randint(-extent, extent, (num_voxels, 4), generator=torch.Generator().manual_seed(extent))
    coords[:, 0] %= num_items
    coords[:, 1:] += offset
    return coords.to(dtype)


def grid(coords, window_size, shift, slack=0):
    """A grid whose bounds may be wider than its voxels."""
    low, high = bounds_of(coords)
    return WindowGrid(coords, [[n - slack for n in low], [n + slack for n in high]], window_size, shift)


def counted(grid):
    """Rows of each window, windows in the order of (batch, x, y, z), voxel by voxel in Python."""
    rows = {}
    for row, (item, *place) in enumerate(grid.coords.tolist()):
        window = (item, *((x + grid.shift) // grid.window_size for x in place))
        rows.setdefault(window, []).append(row)
    return [rows[window] for window in sorted(rows)]


def check(found, grid):
    windows, expected = WindowIndex(*found), counted(grid)
    assert windows.order.tolist() == [row for rows in expected for row in rows]
    ends = torch.tensor([0, *map(len, expected)]).cumsum(0).tolist()
    assert windows.ptr.tolist() == ends + ends[-1:] * (len(windows.ptr) - len(ends))
    cell = [[(x + grid.shift) % grid.window_size for x in place] for _, *place in grid.coords.tolist()]
    assert windows.cell.tolist() == (cell or torch.zeros(0, 3).tolist())


GRIDS = {
    'of one size': [grid(cloud(500, 20), 5, 0), grid(cloud(500, 20), 5, 2)],
    'of a pyramid': [grid(cloud(400 // 2**n, 30 // 2**n), 7, n % 2 * 3) for n in range(4)],
    'of sizes, places and types': [
        grid(cloud(300, 9, 3), 1, 0),
        grid(cloud(200, 40, 1, -(2**30)), 64, 63, slack=5),
        grid(cloud(100, 2**20, dtype=torch.int64), 4, 1),
        grid(cloud(1, 3), 5, 2),
        grid(cloud(0, 3), 5, 2),
    ],
    'too far apart for one key': [
        grid(torch.tensor([[0, -(2**55), 40, 0], [0, 2**55, 0, 0]]), 8, 3),
        grid(torch.tensor([[0, 0, -(2**50), 0], [0, 1, 2**50, 0], [0, 1, 2**50, 9]]), 8, 5),
    ],
    'without voxels': [grid(cloud(0, 3), 5, 2), grid(cloud(0, 3), 5, 0)],
}


@pytest.mark.parametrize('free', [True, False])
@pytest.mark.parametrize('name', GRIDS)
def test_windows_found_together_are_those_of_a_plain_count(monkeypatch, name, free):
    monkeypatch.setattr(host_transfers, 'reads_are_free', lambda tensor: free)
    found = OP.run('torch', GRIDS[name])
    assert len(found) == len(GRIDS[name])
    for parts, one in zip(found, GRIDS[name]):
        check(parts, one)
        assert is_partition(*parts[:2])
        assert len(parts[1]) == (len(counted(one)) if free else len(one.coords)) + 1


@pytest.mark.parametrize('name', GRIDS)
def test_kernel_finds_the_windows_of_many_clouds(name):
    for index, one in zip(partition_grids(GRIDS[name]), GRIDS[name]):
        check((index.order, index.ptr, index.cell), one)


def test_window_of_each_voxel_is_known_where_bounds_repeat(monkeypatch):
    monkeypatch.setattr(host_transfers, 'reads_are_free', lambda tensor: False)
    one = grid(cloud(300, 12), 5, 2)
    (parts,) = OP.run('torch', [one])
    window = WindowIndex(*parts).window_of_voxel()
    for number, rows in enumerate(counted(one)):
        assert (window[rows] == number).all()
