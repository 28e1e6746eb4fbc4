"""The kernel of representatives, emulated on the CPU, against torch and a count in Python."""

from __future__ import annotations

import shutil

import pytest
import torch
from swin3d_ops.representatives import cuda_impl, find_representatives

pytestmark = pytest.mark.skipif(
    shutil.which('c++') is None and shutil.which('g++') is None,
    reason='the emulation needs a C++ compiler',
)


def levels(sizes, columns=6, dtype=torch.float32, seed=0):
    """Rows of the finest voxels, and a random cell for each voxel of each level but the last."""
    generator = torch.Generator().manual_seed(seed)
    parents, first = [], 0
    for count, cells in zip(sizes[:-1], sizes[1:]):
        parent = torch.cat([torch.arange(cells), torch.randint(cells, (count - cells,), generator=generator)])
        parents.append(parent[torch.randperm(count, generator=generator)] + first)
        first += cells
    rows = torch.rand(sizes[0], columns, generator=generator, dtype=torch.float64).to(dtype)
    return rows, torch.cat(parents)


def arguments(rows, parent, sizes):
    number, member = torch.sort(parent.int(), stable=True)
    bounds = torch.searchsorted(number, torch.arange(sum(sizes[1:]) + 1))
    return rows, member, number, bounds, sizes


def counted(rows, parent, sizes):
    values, finest, found, first, cell = rows.double(), torch.arange(len(rows)), [], 0, 0
    for count, cells in zip(sizes[:-1], sizes[1:]):
        chosen = []
        for number in range(cell, cell + cells):
            members = (parent[first : first + count] == number).nonzero().flatten()
            squared = (values[members] - values[members].mean(0)).square().sum(1)
            chosen.append(int(members[(squared <= squared.min() * (1 + 1e-9)).nonzero()[0, 0]]))
        values, finest = values[chosen], finest[chosen]
        found.append(finest)
        first, cell = first + count, cell + cells
    return found


@pytest.mark.parametrize('backwards', [False, True])
@pytest.mark.parametrize('columns, dtype', [(6, torch.float32), (9, torch.float64), (1, torch.float32)])
def test_representatives_are_those_of_a_plain_count(emulated_gpu, columns, dtype, backwards):
    emulated_gpu.backwards = backwards
    sizes = [900, 300, 70, 5, 5]
    rows, parent = levels(sizes, columns, dtype)
    expected = counted(rows, parent, sizes)
    for found in (cuda_impl.find(*arguments(rows, parent, sizes)), find_representatives(rows, parent, sizes)):
        assert [one.tolist() for one in found] == [one.tolist() for one in expected]


def test_ties_go_to_the_lowest_row(emulated_gpu):
    rows, sizes = torch.rand(2000, 7, generator=torch.Generator().manual_seed(0)) * 300, [2000, 1000]
    parent = torch.arange(1000).repeat(2)
    (found,) = cuda_impl.find(*arguments(rows, parent, sizes))
    assert found.tolist() == list(range(1000))


@pytest.mark.parametrize('value', [torch.nan, torch.inf, -torch.inf])
def test_values_that_are_not_finite_spoil_no_other_group(emulated_gpu, value):
    sizes = [50, 10, 3]
    rows, parent = levels(sizes)
    clean = counted(rows, parent, sizes)[0]
    rows[7, 2] = value
    found = cuda_impl.find(*arguments(rows, parent, sizes))
    others = torch.arange(10) != parent[7]
    assert torch.equal(found[0][others], clean[others])
    assert parent[found[0][parent[7]]] == parent[7]


def test_columns_and_types_without_a_kernel_are_named():
    rows, parent = levels([50, 10])
    assert 'columns' in cuda_impl.reason_against(*arguments(rows[:, :0], parent, [50, 10]))
    assert 'float16' in cuda_impl.reason_against(*arguments(rows.half(), parent, [50, 10]))
    assert cuda_impl.reason_against(*arguments(rows, parent, [50, 10])) is None


@pytest.mark.parametrize(
    'change, error, message',
    [
        (dict(rows=None), TypeError, 'rows must be a tensor, got NoneType'),
        (dict(rows=torch.ones(50)), ValueError, r'rows must have shape \(50, F\)'),
        (dict(rows=torch.full((50, 3), torch.nan)), ValueError, 'rows must be finite'),
        (dict(parent=torch.zeros(50).int()), TypeError, 'parent must be an int64 tensor'),
        (dict(parent=torch.arange(49)), ValueError, r'parent must have shape \(50,\)'),
        (dict(parent=torch.arange(50)), ValueError, r'parent, .* must lie in \[0, 10\), got \[0, 49\]'),
        (dict(parent=torch.zeros(50).long()), ValueError, 'parent must name every voxel of the level of 10'),
        (dict(sizes=iter([50, 10])), TypeError, 'sizes must be a sequence'),
        (dict(sizes=[50, '10']), TypeError, 'sizes must be an int, got str'),
        (dict(sizes=[50, 2**31 - 1]), ValueError, 'the sum of sizes must be at most 2147483647'),
    ],
)
def test_bad_arguments_are_named(change, error, message):
    rows, parent = levels([50, 10])
    with pytest.raises(error, match=message):
        find_representatives(**{**dict(rows=rows, parent=parent, sizes=[50, 10]), **change})
