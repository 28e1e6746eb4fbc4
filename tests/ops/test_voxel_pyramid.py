"""All coarser levels of a cloud of voxels, found one after another and all at once, against a plain count."""

from __future__ import annotations

import pytest
import torch
from swin3d_ops import host_transfers, voxel_index
from swin3d_ops.voxel_pyramid import coarse_levels

STRIDES = (3, 6, 12, 24)
CLOUDS = {
    'one voxel': (1, 30, 1, 0),
    'one scene': (500, 30, 1, 0),
    'few voxels a cell': (60, 300, 1, 0),
    'three scenes below and above the origin': (1500, 20, 3, 0),
    'far from the origin': (400, 20, 2, 2**30),
    'far apart': (300, 2**17, 1, 0),
}


def cloud(num_points, extent, num_items, offset, dtype=torch.int32):
    generator = torch.Generator().manual_seed(num_points)
    coords = torch.randint(-extent, extent, (num_points, 4), generator=generator)
    coords[:, 0] %= num_items
    coords[:, 1:] -= offset
    coords, _ = voxel_index.unique_voxels(coords.to(dtype))
    return coords, torch.rand(len(coords), 6, generator=generator)


def levels_of(coords, num_items, rows, strides=STRIDES):
    ptr = torch.searchsorted(coords[:, 0].long().contiguous(), torch.arange(num_items + 1))
    return coarse_levels(coords, ptr, voxel_index.bounds_of(coords), strides, rows)


def counted_level(coords, rows, stride):
    """Coarse voxels, parents and chosen rows of a level from the one before, voxel by voxel in Python."""
    cells = [(item, *(x // stride for x in place)) for item, *place in coords]
    distinct = sorted(set(cells))
    parent = [distinct.index(cell) for cell in cells]
    chosen = []
    for number in range(len(distinct)):
        members = [row for row, own in enumerate(parent) if own == number]
        distance = (rows[members] - rows[members].mean(0)).square().sum(1)
        chosen.append(members[int((distance <= distance.min() * (1 + 1e-9)).nonzero()[0, 0])])
    corners = [(item, *(x * stride for x in place)) for item, *place in distinct]
    return corners, parent, chosen


@pytest.fixture(params=['one after another', 'all at once'])
def form(request, monkeypatch):
    if request.param == 'all at once':
        monkeypatch.setattr(host_transfers, 'reads_are_free', lambda tensor: False)


@pytest.mark.parametrize('name', CLOUDS)
def test_levels_are_those_of_a_plain_count(form, name):
    coords, rows = cloud(*CLOUDS[name])
    num_items = CLOUDS[name][2]
    values, finest = rows.double(), torch.arange(len(coords))
    before = coords.tolist()
    for level, stride in zip(levels_of(coords, num_items, rows), STRIDES):
        corners, parent, chosen = counted_level(before, values, stride)
        assert level.coords.dtype == coords.dtype and level.coords.tolist() == [list(c) for c in corners]
        assert level.parent.tolist() == parent
        values, finest, before = values[chosen], finest[chosen], corners
        assert level.representative.tolist() == finest.tolist()
        ptr = [sum(corner[0] < item for corner in corners) for item in range(num_items + 1)]
        assert level.rows == ptr and level.ptr.tolist() == ptr


@pytest.mark.parametrize('dtype', [torch.int32, torch.int64])
def test_scenes_without_voxels_have_none_at_any_level(form, dtype):
    coords, rows = cloud(200, 20, 2, 0, dtype)
    coords[:, 0] = coords[:, 0] * 2 + 1  # scenes 1 and 3 of 5
    for level in levels_of(coords, 5, rows):
        first, second = int((level.coords[:, 0] == 1).sum()), len(level.coords)
        assert level.rows == [0, 0, first, first, second, second]


def test_no_voxels_have_no_levels_to_fill(form):
    levels = levels_of(torch.zeros(0, 4, dtype=torch.int32), 2, torch.zeros(0, 6))
    assert [(len(level.coords), level.rows) for level in levels] == [(0, [0, 0, 0])] * 4


def test_levels_that_do_not_fit_one_key_are_still_found(form):
    coords = torch.tensor([[0, 0, 0, 0], [0, 2**25, 2**19, 2**18]], dtype=torch.int64)
    levels = levels_of(coords, 1, torch.rand(2, 3), (1, 1, 2))
    assert [level.coords.tolist() for level in levels] == [coords.tolist()] * 3


def test_values_that_are_not_finite_are_refused(form):
    coords, rows = cloud(50, 10, 1, 0)
    rows[7, 2] = torch.nan
    with pytest.raises(ValueError, match='rows must be finite'):
        levels_of(coords, 1, rows)


def test_corners_beyond_the_dtype_are_refused(form):
    coords = torch.tensor([[0, 5, 5, -(2**31)]], dtype=torch.int32)
    with pytest.raises(ValueError, match='voxels of stride 6 whose corners fit torch.int32'):
        levels_of(coords, 1, torch.rand(1, 3), (2, 6))
