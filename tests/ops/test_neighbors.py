"""Neighbour search against one lookup an offset, by all forms: any order, far coordinates, empty clouds.

The CUDA kernels are emulated on the CPU.
"""

from __future__ import annotations

import shutil

import pytest
import torch
from launch_count import counted
from swin3d_ops import KernelMap, cpu_library, neighbors, voxel_index
from swin3d_ops.neighbors import cuda_impl, torch_impl

FORMS = ['torch', 'cuda', *cpu_library.ISA_FLAGS]
FAR = 10**12


@pytest.fixture(params=FORMS)
def form(request, monkeypatch, use_isa):
    """Search by torch, or by the kernels of a GPU and of each instruction set that this processor has."""
    monkeypatch.setenv('SWIN3D_OPS', 'torch' if request.param == 'torch' else 'auto')
    if request.param == 'cuda':
        require_compiler()
        request.getfixturevalue('emulated_gpu')
        monkeypatch.setattr(neighbors.OP, 'choose', lambda *arguments: 'cuda')
    elif request.param != 'torch':
        use_isa(request.param)
    return request.param


def require_compiler():
    if shutil.which('c++') is None and shutil.which('g++') is None:
        pytest.skip('the emulation needs a C++ compiler')


def scattered(count, extent=6, seed=0, shuffled=True, dtype=torch.int64):
    """Distinct voxels of two scenes; some coordinates are negative."""
    generator = torch.Generator().manual_seed(seed)
    coords = torch.randint(-extent, extent, (count, 4), generator=generator)
    coords[:, 0] = coords[:, 0].abs() % 2
    coords = torch.unique(coords, dim=0)
    order = torch.randperm(len(coords), generator=generator) if shuffled else torch.arange(len(coords))
    return coords[order].to(dtype)


def offsets(kernel_size):
    steps = torch.arange(kernel_size) - (kernel_size // 2 if kernel_size % 2 else 0)
    return torch.cartesian_prod(torch.tensor([0]), steps, steps, steps)


@pytest.mark.parametrize('shuffled', [True, False], ids=['shuffled', 'sorted'])
@pytest.mark.parametrize('kernel_size', [1, 2, 3, 5])
def test_neighbours_are_those_that_a_lookup_finds(form, kernel_size, shuffled):
    coords = scattered(700, shuffled=shuffled)
    query = scattered(400, 9, seed=1, shuffled=shuffled, dtype=torch.int32)
    rows = neighbors.lookup_neighbors(coords, query, kernel_size)
    assert rows.dtype == torch.int64 and len(rows) == kernel_size**3
    for row, offset in zip(rows, offsets(kernel_size)):
        assert torch.equal(row, voxel_index.lookup(coords, query + offset))
    assert (rows >= 0).any()


@pytest.mark.parametrize('dtype', [torch.int32, torch.int64])
def test_rows_are_equal_in_all_forms_over_many_chunks(form, dtype):
    coords, query = scattered(9000, 16, dtype=dtype), scattered(8000, 16, seed=1, shuffled=False, dtype=dtype)
    rows = neighbors.lookup_neighbors(coords, query, 3)
    assert torch.equal(rows, torch_impl.lookup(coords, query, 3))


def test_empty_sides_have_no_neighbours(form):
    coords = scattered(50)
    assert (neighbors.lookup_neighbors(coords[:0], coords, 3) == -1).all()
    assert neighbors.lookup_neighbors(coords, coords[:0], 3).shape == (27, 0)
    for pairs in (
        neighbors.kernel_map_between(coords[:0], coords, 3),
        neighbors.kernel_map_between(coords, coords[:0], 3),
    ):
        assert len(pairs.source) == len(pairs.target) == 0 and pairs.ptr.tolist() == [0] * 28


def test_one_voxel_is_its_own_only_neighbour(form):
    voxel = torch.tensor([[3, -7, 0, 2**31 - 2]], dtype=torch.int32)
    pairs = neighbors.kernel_map_between(voxel, voxel, 3)
    assert pairs.ptr.tolist() == [0] * 14 + [1] * 14
    assert pairs.source.tolist() == pairs.target.tolist() == [0]


def test_far_coordinates_are_found_until_the_key_overflows(form):
    coords = torch.tensor([[0, FAR, 0, 0], [0, FAR + 1, 1, 1], [0, 0, 0, 0]])
    rows = neighbors.lookup_neighbors(coords, coords, 3)
    assert rows[13].tolist() == [0, 1, 2] and rows[26].tolist() == [1, -1, -1]
    spread = torch.tensor([[0, 0, 0, 0], [0, FAR, FAR, FAR]])
    if form == 'cuda':
        assert neighbors.lookup_neighbors(spread, spread, 3)[13].tolist() == [0, 1]
        return
    with pytest.raises(ValueError, match='overflows the 64-bit voxel key'):
        neighbors.lookup_neighbors(spread, spread, 3)


def test_kernel_beyond_the_lowest_number_is_refused_or_right(form):
    coords = torch.full((1, 4), -(2**63))
    coords[0, 0] = 0
    if form == 'cuda':
        assert neighbors.lookup_neighbors(coords, coords, 3).flatten().tolist() == [-1] * 13 + [0] + [-1] * 13
    else:
        with pytest.raises(ValueError, match='overflows the 64-bit voxel key'):
            neighbors.lookup_neighbors(coords, coords, 3)
    assert neighbors.lookup_neighbors(coords, coords, 2)[0].tolist() == [0]


def test_repeated_voxels_are_not_taken_for_mirrored(form):
    coords = torch.tensor([[0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 1]])
    assert not neighbors.kernel_map_between(coords, coords, 3).mirrored
    distinct = coords[:2].clone()
    assert neighbors.kernel_map_between(distinct, distinct, 3).mirrored


def test_voxels_beyond_the_numbers_of_64_bits_are_no_neighbours(emulated_gpu):
    """Where the sum of a coordinate and an offset wraps around, another voxel may lie."""
    require_compiler()
    lowest, highest = -(2**63), 2**63 - 1
    coords = torch.tensor(
        [[0, lowest, 0, 0], [0, highest, 0, 0], [0, highest - 1, 0, 0], [0, lowest + 1, 0, 0]]
    )
    rows = cuda_impl.lookup(coords, coords, 3)
    assert rows[4].tolist() == [-1, 2, -1, 0] and rows[22].tolist() == [3, -1, 1, -1]
    assert (rows >= 0).sum() == 8


@pytest.mark.parametrize('backwards', [False, True])
@pytest.mark.parametrize('kernel_size', [2, 3])
def test_pairs_on_a_gpu_are_those_of_torch_whatever_comes_first(emulated_gpu, kernel_size, backwards):
    """Bit for bit, between two levels and within one."""
    require_compiler()
    emulated_gpu.backwards = backwards
    fine, coarse = scattered(3000, 8, dtype=torch.int32), scattered(500, 9, seed=1, dtype=torch.int32)
    for coords, query in ((fine, coarse), (coarse, fine), (fine, fine)):
        found = cuda_impl.kernel_map(coords, query, kernel_size)
        expected = torch_impl.kernel_map(coords, query, kernel_size)
        for name in ('source', 'target', 'ptr', 'table'):
            assert torch.equal(getattr(found, name), getattr(expected, name)), name
        assert found.mirrored == expected.mirrored == (coords is query and kernel_size == 3)
        assert found.is_table


@pytest.mark.parametrize('backwards', [False, True])
def test_of_equal_voxels_a_gpu_finds_the_first(emulated_gpu, backwards):
    require_compiler()
    emulated_gpu.backwards = backwards
    coords = scattered(800, 5)
    repeated = torch.cat([coords, coords.flip(0), coords[:90]])
    found = cuda_impl.kernel_map(repeated, repeated, 3)
    assert not found.mirrored
    for row, offset in zip(found.table, offsets(3)):
        assert torch.equal(row.long(), voxel_index.lookup(coords, repeated + offset))


def test_rows_of_a_view_that_is_not_aligned(emulated_gpu):
    require_compiler()
    coords = scattered(40, dtype=torch.int32)
    shifted = torch.cat([coords.new_zeros(1), coords.flatten()])[1:].view(-1, 4)
    assert shifted.data_ptr() % 16 != 0
    assert torch.equal(cuda_impl.lookup(shifted, shifted, 3), torch_impl.lookup(coords, coords, 3))


@pytest.mark.parametrize('kernel_size', [1, 3, 5])
def test_a_map_takes_few_launches_and_waits_for_the_number_of_pairs_alone(emulated_gpu, kernel_size):
    require_compiler()
    coords = scattered(900, 8)
    count = counted(lambda: cuda_impl.kernel_map(coords, coords, kernel_size))
    kernels = [name for name in count.launches if name in ('insert_voxels', 'find_neighbors', 'list_pairs')]
    assert kernels == ['insert_voxels', 'find_neighbors', 'list_pairs']
    assert len(count.launches) <= 8 and count.waits == ['tolist']
    count = counted(lambda: cuda_impl.lookup(coords, coords, kernel_size))
    assert len(count.launches) <= 4 and count.waits == []


@pytest.mark.parametrize('kernel_size', [2, 3])
def test_pairs_are_those_of_the_table_and_exchange_like_sorted_ones(form, kernel_size):
    coords = scattered(5000, 10)
    pairs = neighbors.kernel_map_between(coords, coords, kernel_size)
    rows = neighbors.lookup_neighbors(coords, coords, kernel_size)
    table = KernelMap.from_table(rows, len(coords))
    ordered = KernelMap.ordered(
        table.source, table.target, table.ptr.diff().tolist(), len(coords), len(coords)
    )
    assert pairs.mirrored == (kernel_size == 3) and not ordered.mirrored
    for got, expected in ((pairs, ordered), (pairs.exchanged, ordered.exchanged)):
        for name in ('source', 'target', 'ptr'):
            assert torch.equal(getattr(got, name), getattr(expected, name)), name


@pytest.mark.parametrize('kernel_size', [1, 2, 3])
def test_groups_of_targets_take_their_pairs_in_the_old_order(kernel_size):
    coords = scattered(600, 6)
    pairs = neighbors.kernel_map_between(coords, coords, kernel_size)
    group = torch.sort(torch.randint(0, 4, (len(coords),))).values
    group[group == 2] = 1  # a group without targets
    grouped = pairs.grouped(group, 4)
    for g in range(4):
        for k in range(kernel_size**3):
            index = g * kernel_size**3 + k
            old, new = (slice(*p.ptr[i : i + 2].tolist()) for p, i in ((pairs, k), (grouped, index)))
            mine = group[pairs.target[old]] == g
            assert torch.equal(grouped.source[new], pairs.source[old][mine])
            assert torch.equal(grouped.target[new], pairs.target[old][mine])
    assert len(grouped.source) == len(pairs.source) and len(grouped.ptr) == 4 * kernel_size**3 + 1


@pytest.mark.parametrize(
    'group, groups, error, message',
    [
        ([0, 1, 0], 2, ValueError, 'group must ascend'),
        ([0, 1, 2], 2, ValueError, r'group must lie in \[0, 2\)'),
        ([0, 1], 2, ValueError, r'group must have shape \(3,\)'),
        ([0.0, 1.0, 1.0], 2, TypeError, 'group must be an int64 tensor'),
    ],
)
def test_groups_that_make_no_sense_are_refused(group, groups, error, message):
    pairs = KernelMap.from_table(torch.tensor([[0, 1, 2]]), 3)
    with pytest.raises(error, match=message):
        pairs.grouped(torch.tensor(group), groups)


def test_table_rows_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match=r'table must lie in \[-1, 3\), got \[-1, 3\]'):
        KernelMap.from_table(torch.tensor([[0, -1, 3]]), 3)
    with pytest.raises(TypeError, match='table must hold int32 or int64'):
        KernelMap.from_table(torch.zeros(1, 3), 3)


def test_threads_do_not_change_the_pairs(form):
    coords, found = scattered(20000, 20), []
    threads = torch.get_num_threads()
    try:
        for count in (1, 3):
            torch.set_num_threads(count)
            found.append(neighbors.kernel_map_between(coords, coords, 3))
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(found[0].source, found[1].source) and torch.equal(found[0].target, found[1].target)


@pytest.mark.parametrize(
    'arguments, error, message',
    [
        ((torch.zeros(2, 3, dtype=torch.int64), None, 3), ValueError, r'coords must have shape \(N, 4\)'),
        ((None, torch.zeros(2, 4), 3), TypeError, 'query must hold int16, int32 or int64, got torch.float32'),
        ((None, None, 0), ValueError, 'kernel_size must be at least 1, got 0'),
        ((None, None, 2**31), ValueError, 'kernel_size must be at most 64, got 2147483648'),
        ((None, None, 3.0), TypeError, 'kernel_size must be an int, got float'),
        ((torch.zeros(2, 4, device='meta').long(), None, 3), ValueError, 'coords must hold data'),
    ],
)
def test_wrong_arguments_are_named(arguments, error, message):
    voxel = torch.zeros(1, 4, dtype=torch.int64)
    coords, query, kernel_size = arguments
    with pytest.raises(error, match=message):
        neighbors.kernel_map_between(
            voxel if coords is None else coords, voxel if query is None else query, kernel_size
        )
