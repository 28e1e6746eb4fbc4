"""What a kernel map is made of and what back-ends derive from it, pair by pair."""

from __future__ import annotations

import pytest
import torch
from swin3d_ops import KernelMap
from swin3d_ops.kernel_offsets import first_offset, kernel_offsets, offset_numbers
from swin3d_ops.neighbors import kernel_map_between
from swin3d_ops.sparse_conv import row_blocks
from swin3d_ops.sparse_conv.pair_order import reversed_places


def drawn_voxels(generator, count=9000, extent=24):
    coords = torch.randint(0, extent, (count, 4), generator=generator)
    coords[:, 0] %= 2
    return torch.unique(coords, dim=0)


def voxel_map(kernel_size=3, count=9000, extent=24, own=False):
    """A map between two sets of voxels, shuffled, or from one to itself."""
    generator = torch.Generator().manual_seed(kernel_size)
    sources, targets = (drawn_voxels(generator, count, extent) for _ in range(2))
    sources = sources[torch.randperm(len(sources), generator=generator)]
    targets = sources if own else targets[torch.randperm(len(targets), generator=generator)]
    return kernel_map_between(sources, targets, kernel_size)


def pairs_of(kernel_map):
    """All (offset, source, target)."""
    return set(
        zip(*(part.tolist() for part in (kernel_map.offset_of_pair, kernel_map.source, kernel_map.target)))
    )


@pytest.mark.parametrize('kernel_size', [1, 2, 3, 4, 5])
def test_offsets_are_numbered_z_fastest(kernel_size):
    offsets = kernel_offsets(kernel_size)
    lowest = {1: 0, 2: 0, 3: -1, 4: 0, 5: -2}[kernel_size]
    reach = range(lowest, lowest + kernel_size)
    assert offsets.tolist() == [[x, y, z] for x in reach for y in reach for z in reach]
    assert first_offset(kernel_size) == lowest
    assert torch.equal(offset_numbers(offsets, kernel_size), torch.arange(kernel_size**3))


def test_a_weight_of_three_axes_is_flattened_in_the_order_of_the_offsets():
    """The dense convolution's weight at (x, y, z) meets the neighbour at that offset."""
    weight = torch.zeros(3, 3, 3)
    weight[0, 1, 2] = 1
    assert kernel_offsets(3)[weight.flatten().argmax()].tolist() == [-1, 0, 1]


@pytest.mark.parametrize('kernel_size', [1, 2, 3])
def test_table_and_pairs_say_the_same(kernel_size):
    kernel_map = voxel_map(kernel_size, 900, 9)
    table = kernel_map.table
    assert table.shape == (kernel_size**3, kernel_map.num_targets) and table.dtype == torch.int32
    listed = {(k, n, m) for k, row in enumerate(table.tolist()) for m, n in enumerate(row) if n >= 0}
    assert listed == pairs_of(kernel_map) and listed
    again = KernelMap.from_table(table, kernel_map.num_sources)
    for name in ('source', 'target', 'ptr'):
        assert torch.equal(getattr(again, name), getattr(kernel_map, name))


@pytest.mark.parametrize('kernel_size, own', [(1, False), (2, False), (3, False), (2, True), (3, True)])
def test_exchanged_swaps_inputs_and_outputs_of_every_pair(kernel_size, own):
    kernel_map = voxel_map(kernel_size, 900, 9, own)
    assert kernel_map.mirrored == (own and kernel_size % 2 == 1)
    back = kernel_map.exchanged
    assert pairs_of(back) == {(k, m, n) for k, n, m in pairs_of(kernel_map)}
    assert (back.num_sources, back.num_targets) == (kernel_map.num_targets, kernel_map.num_sources)
    KernelMap(back.source, back.target, back.ptr, back.num_sources, back.num_targets)  # in order


def test_a_mirrored_map_is_exchanged_on_a_gpu_as_on_the_cpu():
    kernel_map = voxel_map(3, 900, 9, own=True)
    place = reversed_places(kernel_map.ptr, len(kernel_map.source))
    back = kernel_map.exchanged
    assert torch.equal(kernel_map.source[place], back.source)
    assert torch.equal(kernel_map.target[place], back.target)


@pytest.mark.parametrize('kernel_size', [2, 3, 4])
def test_masks_hold_the_offsets_of_each_row_and_equal_ones_lie_side_by_side(kernel_size):
    kernel_map = voxel_map(kernel_size, 3000, 9)
    masks, order = kernel_map.sorted_masks
    assert masks.dtype == order.dtype == torch.int32
    assert masks.shape == (kernel_map.num_targets, -(-(kernel_size**3) // 32))
    assert order.sort().values.tolist() == list(range(kernel_map.num_targets))
    present = torch.zeros(kernel_map.num_offsets, kernel_map.num_targets, dtype=torch.bool)
    present[kernel_map.offset_of_pair, kernel_map.target.long()] = True
    for k, row in enumerate(present):
        assert torch.equal(masks[:, k // 32] >> (k % 32) & 1, row[order.long()].int())
    changes = (masks[1:] != masks[:-1]).any(1).sum().item()
    assert changes == len(torch.unique(masks, dim=0)) - 1
    same = (masks[1:] == masks[:-1]).all(1)
    assert (order[1:] > order[:-1])[same].all()  # one order, whatever the sort


def test_blocks_cover_all_rows_and_pairs():
    kernel_map = voxel_map()
    blocks = kernel_map.blocks
    assert len(blocks) > 1
    assert [block.stop for block in blocks[:-1]] == [block.start for block in blocks[1:]]
    assert blocks[0].start == 0 and blocks[-1].stop == kernel_map.num_targets
    listed = {
        (k, n, m + block.start)
        for block in blocks
        for k, source, target in block.pairs()
        for n, m in zip(source.tolist(), target.tolist())
    }
    assert listed == pairs_of(kernel_map)


def test_size_of_the_blocks_is_read_when_they_are_made(monkeypatch):
    monkeypatch.setattr(row_blocks, 'BLOCK_ROWS', 100)
    assert len(voxel_map(3, 900, 9).blocks) > 5


def test_transposed_map_carries_each_input_to_its_children():
    children = torch.tensor([[0, 2, 3], [1, 0, 2]])
    kernel_map = KernelMap.transposed(children, 4)
    assert pairs_of(kernel_map) == {
        (k, n, int(m)) for k, row in enumerate(children) for n, m in enumerate(row)
    }
    assert (kernel_map.num_sources, kernel_map.num_targets) == (3, 4)
    nothing = KernelMap.transposed(torch.empty(27, 0, dtype=torch.int64), 0)
    assert (nothing.num_offsets, nothing.num_targets, len(nothing.source)) == (27, 0, 0)


@pytest.mark.parametrize(
    'call, error, message',
    [
        (lambda rows: KernelMap.transposed(rows.int(), 4), TypeError, 'children must be an int64 tensor'),
        (lambda rows: KernelMap.transposed(rows.numpy(), 4), TypeError, 'children must be a tensor, got nda'),
        (lambda rows: KernelMap.transposed(rows[0], 4), ValueError, r'children must have shape \(K, N\)'),
        (
            lambda rows: KernelMap.transposed(rows, 3),
            ValueError,
            r'children must lie in \[0, 3\), got \[0, 3\]',
        ),
        (lambda rows: KernelMap.transposed(rows, '4'), TypeError, 'num_targets must be an int, got str'),
        (lambda rows: KernelMap.from_table(rows, [4]), TypeError, 'num_sources must be an int, got list'),
        (
            lambda rows: KernelMap.ordered(rows[0].int(), rows[1].int(), ('3',), 4, 4),
            TypeError,
            'counts must be a sequence of ints',
        ),
    ],
)
def test_bad_arguments_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call(torch.tensor([[0, 2, 3], [1, 0, 2]]))


def test_a_map_is_mirrored_or_refused():
    voxels = voxel_map(3, 300, 9, own=True)
    parts = voxels.source, voxels.target, voxels.ptr, voxels.num_sources, voxels.num_targets
    assert voxels.mirrored and pairs_of(KernelMap(*parts, mirrored=True)) == pairs_of(voxels)
    source = voxels.source.clone()
    source[0] = (source[0] + 1) % voxels.num_sources
    with pytest.raises(ValueError, match='mirrored needs the pairs of offset k, exchanged'):
        KernelMap(source, *parts[1:], mirrored=True)
    with pytest.raises(ValueError, match='mirrored needs the pairs of offset k, exchanged'):
        KernelMap(*parts[:4], voxels.num_targets + 1, mirrored=True)
    nothing = torch.empty(0, dtype=torch.int32)
    assert KernelMap(nothing, nothing, torch.tensor([0]), 2, 2, mirrored=True).exchanged.num_offsets == 0


def test_rows_met_twice_under_an_offset_make_no_table():
    twice = torch.tensor([0, 1, 0], dtype=torch.int32)
    kernel_map = KernelMap(twice, torch.tensor([2, 2, 2]).int(), torch.tensor([0, 2, 3]), 2, 4)
    assert not kernel_map.is_table and kernel_map.exchanged.is_table
    with pytest.raises(ValueError, match='must meet no output row twice under an offset'):
        kernel_map.table  # noqa: B018


def test_what_is_derived_follows_a_write():
    kernel_map = voxel_map(2, 900, 9)
    before = kernel_map.table, kernel_map.exchanged, kernel_map.sorted_masks, kernel_map.blocks
    assert kernel_map.table is before[0] and kernel_map.blocks is before[3]
    kernel_map.source[0] = (kernel_map.source[0] + 1) % kernel_map.num_sources
    assert not torch.equal(kernel_map.table, before[0])
    assert pairs_of(kernel_map.exchanged) == {(k, m, n) for k, n, m in pairs_of(kernel_map)}
