"""Voxel keys, parents, lookup and representatives against tables and stored results."""

from __future__ import annotations

import pytest
import torch
from swin3d_ops import voxel_index


def scattered(n, extent=6, seed=0):
    coords = torch.randint(-extent, extent, (n, 4), generator=torch.Generator().manual_seed(seed))
    coords[:, 0] %= 2
    return coords


def test_keys_are_ordered_as_the_voxels_are():
    coords = scattered(500)
    by_key = coords[voxel_index.voxel_keys(coords).argsort(stable=True)]
    assert by_key.tolist() == sorted(coords.tolist())


def test_unique_voxels_equals_torch_unique():
    coords = scattered(500, 3)
    unique, inverse = voxel_index.unique_voxels(coords)
    assert torch.equal(unique, torch.unique(coords, dim=0))
    assert torch.equal(unique[inverse], coords)


def test_parents_floor_negative_coordinates():
    coords = torch.tensor([[0, -1, 0, 3], [0, -3, 2, 5], [0, -4, 0, 0]])
    parents, parent = voxel_index.parent_voxels(coords, 3)
    assert parents.tolist() == [[0, -6, 0, 0], [0, -3, 0, 3]]
    assert parent.tolist() == [1, 1, 0]


@pytest.mark.parametrize('dtype', [torch.int16, torch.int32, torch.int64])
def test_parents_at_the_limits_of_the_dtype(dtype):
    limits = torch.iinfo(dtype)
    for value in (limits.min, limits.min + 1, limits.max - 1, limits.max):
        for stride in (1, 2, 8, limits.max):
            coords = torch.tensor([[0, value, value, value]], dtype=dtype)
            if value // stride * stride < limits.min:
                continue
            parents, _ = voxel_index.parent_voxels(coords, stride)
            assert parents.tolist() == [[0] + [value // stride * stride] * 3]


def test_lookup_finds_rows_and_misses():
    coords = torch.unique(scattered(300), dim=0)
    coords = coords[torch.randperm(len(coords), generator=torch.Generator().manual_seed(0))]
    query = torch.cat([coords[5:9], torch.tensor([[0, 900, 0, 0], [7, 0, 0, 0]])])
    assert voxel_index.lookup(coords, query).tolist() == [5, 6, 7, 8, -1, -1]
    assert voxel_index.lookup(coords[:0], query).tolist() == [-1] * 6
    assert voxel_index.lookup(coords, query[:0]).tolist() == []


@pytest.mark.parametrize('case', range(2))
def test_stored_parents_and_representatives(golden, case):
    data = golden('representatives')
    stride, pooling = data[f'case_{case}'].tolist()
    coords = torch.from_numpy(data[f'coords_{case}'])
    parents, parent = voxel_index.parent_voxels(coords, stride * pooling)
    stored = torch.from_numpy(data[f'parent_coords_{case}'])
    place = voxel_index.lookup(parents, stored)
    assert sorted(place.tolist()) == list(range(len(parents)))
    assert torch.equal(place[torch.from_numpy(data[f'parent_{case}']).long()], parent)
    chosen = voxel_index.nearest_to_mean(torch.from_numpy(data[f'signal_{case}']), parent, len(parents))
    acceptable = torch.from_numpy(data[f'acceptable_{case}'])
    assert (chosen[place, None] == acceptable).any(1).all()
    assert torch.equal(chosen[place], acceptable.amin(1).long())


def test_representative_is_nearest_in_the_joint_space():
    """The first row is nearest in space alone, the second in space and colour together."""
    rows = torch.tensor([[0.5, 9.0], [0.4, 1.0], [0.0, 0.0], [1.0, 0.0]])
    group = torch.zeros(4, dtype=torch.int64)
    assert voxel_index.nearest_to_mean(rows[:, :1], group, 1).tolist() == [0]
    assert voxel_index.nearest_to_mean(rows, group, 1).tolist() == [1]


def test_tied_representatives_take_the_lowest_row():
    rows = torch.rand(2000, 7, generator=torch.Generator().manual_seed(0)) * 300
    group = torch.arange(1000).repeat(2)
    assert voxel_index.nearest_to_mean(rows, group, 1000).tolist() == list(range(1000))


@pytest.mark.parametrize(
    'call, message',
    [
        (lambda: voxel_index.parent_voxels(scattered(5), 0), 'stride must be at least 1'),
        (lambda: voxel_index.parent_voxels(scattered(5).short(), 40_000), 'stride must .* fit torch.int16'),
        (lambda: voxel_index.parent_voxels(scattered(5), 2**63), 'stride must .* fit torch.int64'),
        (
            lambda: voxel_index.parent_voxels(torch.tensor([[0, 5, -32768, 5]], dtype=torch.int16), 3),
            'coords must lie in voxels of stride 3 whose corners fit torch.int16.* got a corner of -32769',
        ),
        (
            lambda: voxel_index.parent_voxels(torch.tensor([[0, 5, 5, -(2**63)]]), 7),
            'corners fit torch.int64',
        ),
        (lambda: voxel_index.voxel_keys(torch.tensor([[0] * 4, [0, 2**40, 2**40, 0]])), 'overflows'),
        (
            lambda: voxel_index.nearest_to_mean(torch.zeros(3, 2), torch.tensor([0, 0, 2]), 3),
            'every group at least once',
        ),
        (
            lambda: voxel_index.nearest_to_mean(torch.zeros(3, 2), torch.tensor([0, 0, 3]), 3),
            r'group must lie in \[0, 3\)',
        ),
        (
            lambda: voxel_index.nearest_to_mean(torch.tensor([[torch.nan], [1.0]]), torch.tensor([0, 1]), 2),
            'rows must be finite',
        ),
        (lambda: voxel_index.parent_voxels(scattered(5), 2**63), 'stride must be at least 1 and fit'),
        (lambda: voxel_index.lookup(scattered(5), scattered(5).to('meta')), 'query must hold data'),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
