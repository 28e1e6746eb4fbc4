"""Voxels of one resolution, and the way to the next coarser one."""

import pytest
import torch
from swin3d_ops.voxel_index import unique_voxels

from swin3d_mmdet3d.structures import SparseVoxels, coarse_rows


def random_voxels(num_points=400, batch_size=2, low=-9, high=9):
    batch = torch.randint(batch_size, (num_points, 1))
    batch[:batch_size, 0] = torch.arange(batch_size)
    coords, _ = unique_voxels(torch.cat([batch, torch.randint(low, high, (num_points, 3))], dim=1))
    xyz = coords[:, 1:] + torch.rand(len(coords), 3)
    return SparseVoxels(coords, batch_size, signals={'xyz': xyz, 'rgb': torch.rand(len(coords), 3)})


def test_downsampling_picks_the_voxel_nearest_to_the_mean_of_its_cell():
    voxels = random_voxels()
    coarse, parent = voxels.downsample(3)
    assert coarse.stride == 3
    rows = torch.cat([voxels.signals['xyz'], voxels.signals['rgb']], dim=1).double()
    for cell in range(len(coarse)):
        members = (parent == cell).nonzero().flatten()
        wanted = voxels.coords[members[0]].clone()
        wanted[1:] = (wanted[1:].double() / 3).floor().int() * 3
        assert torch.equal(coarse.coords[cell], wanted)
        distance = (rows[members] - rows[members].mean(0)).norm(dim=1)
        tied = distance <= distance.min() * (1 + 1e-9)
        chosen = members[tied.nonzero()[0, 0]]
        for name, values in coarse.signals.items():
            assert torch.equal(values[cell], voxels.signals[name][chosen]), (cell, name)


def test_colour_takes_part_in_the_choice_of_the_representative():
    coords = torch.tensor([[0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]])
    xyz = torch.tensor([[0.5, 0.5, 0.5], [0.5, 0.5, 1.5], [0.5, 1.5, 0.5]])
    plain = torch.zeros(3, 3)
    odd = torch.tensor([[3.0, 3.0, 3.0], [0, 0, 0], [0, 0, 0]])
    by_place, _ = SparseVoxels(coords, 1, signals={'xyz': xyz, 'rgb': plain}).downsample(2)
    by_both, _ = SparseVoxels(coords, 1, signals={'xyz': xyz, 'rgb': odd}).downsample(2)
    assert torch.equal(by_place.signals['xyz'][0], xyz[0])  # nearest to the corner of the three
    assert torch.equal(by_both.signals['xyz'][0], xyz[1])  # its colour is far from the mean


def test_two_voxels_of_a_cell_tie_and_the_lower_row_wins():
    voxels = random_voxels(num_points=300)
    coarse, parent = voxels.downsample(2)
    counts = torch.bincount(parent)
    assert (counts == 2).any()
    for cell in (counts == 2).nonzero().flatten():
        lowest = (parent == cell).nonzero()[0, 0]
        assert torch.equal(coarse.signals['xyz'][cell], voxels.signals['xyz'][lowest])


def test_ptr_counts_the_rows_of_each_scene():
    voxels = random_voxels(batch_size=3)
    for scene in range(3):
        rows = slice(int(voxels.ptr[scene]), int(voxels.ptr[scene + 1]))
        assert (voxels.coords[rows, 0] == scene).all()
    assert voxels.ptr[-1] == len(voxels)


def test_selected_rows_keep_their_signals():
    voxels = random_voxels()
    rows = torch.arange(0, len(voxels), 3)
    some = voxels.select(rows)
    assert torch.equal(some.coords, voxels.coords[rows])
    assert torch.equal(some.signals['rgb'], voxels.signals['rgb'][rows])


def test_each_fine_voxel_has_the_row_of_the_coarse_one_that_holds_it_or_none():
    fine = random_voxels(low=-20, high=20)
    middle, _ = fine.downsample(2)
    coarse, _ = middle.downsample(3)
    some = coarse.select(torch.arange(0, len(coarse), 2))
    for voxels, cells in ((fine, middle), (fine, some), (middle, some), (fine, fine)):
        rows = coarse_rows(voxels, cells)
        assert rows.dtype == torch.int64
        for row, (item, *corner) in zip(rows.tolist(), voxels.coords.tolist()):
            holding = [
                index
                for index, (scene, *low) in enumerate(cells.coords.tolist())
                if scene == item and all(a <= x < a + cells.stride for x, a in zip(corner, low))
            ]
            assert [row] == (holding or [-1])


def test_rows_of_levels_that_do_not_nest_are_refused():
    voxels = random_voxels()
    with pytest.raises(ValueError, match='coarse must have a stride that is a multiple of 2, got 3'):
        coarse_rows(voxels.downsample(2)[0], voxels.downsample(3)[0])


def test_scenes_without_rows_are_left_out_of_the_count_and_others_keep_their_order():
    voxels = random_voxels(batch_size=5)
    rows = torch.cat([(voxels.coords[:, 0] == scene).nonzero().flatten() for scene in (1, 2, 4)])
    some = voxels.select(rows).without_empty_scenes()
    assert some.batch_size == 3 and some.coords.dtype == voxels.coords.dtype
    for scene, old in enumerate((1, 2, 4)):
        own, before = some.coords[:, 0] == scene, voxels.coords[:, 0] == old
        assert torch.equal(some.coords[own, 1:], voxels.coords[before, 1:])
        for name, values in some.signals.items():
            assert torch.equal(values[own], voxels.signals[name][before])


@pytest.mark.parametrize(
    'coords, batch_size, error, message',
    [
        (torch.zeros(2, 3, dtype=torch.int32), 1, ValueError, r'coords must be \(N, 4\)'),
        (torch.zeros(2, 4), 1, TypeError, 'coords must be int32 or int64'),
        (torch.tensor([[1, 0, 0, 0], [0, 0, 0, 0]]), 2, ValueError, 'out of order'),
        (torch.tensor([[0, 0, 0, 0], [2, 0, 0, 0]]), 2, ValueError, 'grouped by batch index 0 .. 1'),
        (torch.tensor([[-1, 0, 0, 0]]), 1, ValueError, 'grouped by batch index'),
    ],
)
def test_bad_coordinates_are_refused(coords, batch_size, error, message):
    with pytest.raises(error, match=message):
        SparseVoxels(coords, batch_size)


def test_scenes_may_be_empty():
    voxels = SparseVoxels(torch.tensor([[1, 0, 0, 0], [1, 2, 0, 0]]), 3)
    assert voxels.ptr.tolist() == [0, 0, 2, 2]
    assert voxels.select(torch.tensor([], dtype=torch.int64)).ptr.tolist() == [0, 0, 0, 0]


def test_voxels_without_signals_have_no_representatives():
    with pytest.raises(ValueError, match='voxels must carry one of the signals .* got none'):
        SparseVoxels(torch.tensor([[0, 0, 0, 0]]), 1).downsample(2)


def test_bad_signals_are_refused():
    coords = torch.zeros(1, 4, dtype=torch.int32)
    with pytest.raises(ValueError, match="'height'"):
        SparseVoxels(coords, 1, signals={'height': torch.zeros(1, 3)})
    with pytest.raises(ValueError, match=r"signals\['rgb'\] must be \(1, 3\)"):
        SparseVoxels(coords, 1, signals={'rgb': torch.zeros(1, 4)})


def test_bounds_take_no_memory_for_scenes_that_are_not_there():
    coords = torch.tensor([[0, 0, 0, 0], [2**60, 0, 0, 0]])
    assert SparseVoxels(coords, 2, stride=2).ptr.tolist() == [0, 1, 1]


def test_voxels_at_the_same_places_share_what_is_known_of_places():
    voxels = random_voxels()
    windows, bounds = voxels.windows(5, 2), voxels.bounds
    other = voxels.at_same_places(signals=dict(xyz=voxels.signals['xyz'] + 1))
    assert other.windows(5, 2) is windows and other.bounds is bounds
    coarse, before = other.downsample(2)[0], voxels.downsample(2)[0]
    assert torch.equal(coarse.coords, before.coords) and list(coarse.signals) == ['xyz']


def test_bounds_of_coarse_and_of_selected_voxels_hold_them():
    voxels = random_voxels(low=-31, high=7)
    assert voxels.bounds == tuple(
        tuple(getattr(voxels.coords, side)(0).tolist()) for side in ('amin', 'amax')
    )
    coarse = [level for level, _ in voxels.pyramid([3, 2, 2])]
    for some in (*coarse, voxels.select(torch.arange(5, 90)), coarse[0].select(torch.arange(3))):
        low, high = map(torch.tensor, some.bounds)
        assert (some.coords >= low).all() and (some.coords <= high).all()
        assert some.host_ptr == tuple(some.ptr.tolist())
        assert some.counts == [int((some.coords[:, 0] == scene).sum()) for scene in range(2)]
