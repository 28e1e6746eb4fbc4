"""Window partition against stored windows, hand-made lines and a direct definition."""

from __future__ import annotations

import pytest
import swin3d_ops
import torch


def line(values):
    coords = torch.zeros(len(values), 4, dtype=torch.int32)
    coords[:, 1] = torch.tensor(values)
    return coords


def smallest_row(windows):
    window = windows.window_of_voxel()
    first = torch.full((windows.num_windows,), len(window))
    return first.scatter_reduce(0, window, torch.arange(len(window)), 'amin')[window]


@pytest.mark.parametrize('case', range(5))
def test_stored_windows(golden, case):
    data = golden('windows')
    stride, size, half, _ = data[f'case_{case}'].tolist()
    coords = torch.from_numpy(data[f'coords_{case}'])
    coords = torch.cat([coords[:, :1], coords[:, 1:] // stride], 1)
    for kind, shift in (('regular', 0), ('shifted', half)):
        windows = swin3d_ops.partition_windows(coords, size, shift)
        assert smallest_row(windows).tolist() == data[f'window_{case}_{kind}'].tolist()
        assert windows.cell.tolist() == data[f'position_{case}_{kind}'].tolist()


def test_shift_moves_the_borders_of_a_line():
    coords = line(list(range(-5, 10)))
    regular = swin3d_ops.partition_windows(coords, 5, 0).window_of_voxel()
    shifted = swin3d_ops.partition_windows(coords, 5, 2).window_of_voxel()
    assert regular.tolist() == [0] * 5 + [1] * 5 + [2] * 5
    assert shifted.tolist() == [0] * 3 + [1] * 5 + [2] * 5 + [3] * 2


def test_order_and_ptr_are_a_partition():
    generator = torch.Generator().manual_seed(0)
    coords = torch.randint(-30, 30, (1000, 4), generator=generator)
    coords[:, 0] %= 3
    windows = swin3d_ops.partition_windows(coords, 7, 3)
    assert windows.order.sort().values.tolist() == list(range(1000))
    assert windows.ptr[0] == 0 and windows.ptr[-1] == 1000 and (windows.ptr.diff() > 0).all()
    ids = torch.cat([coords[:, :1], torch.div(coords[:, 1:] + 3, 7, rounding_mode='floor')], 1)
    assert windows.num_windows == len(torch.unique(ids, dim=0))
    for start, stop in zip(windows.ptr[:-1], windows.ptr[1:]):
        rows = windows.order[start:stop]
        assert (ids[rows] == ids[rows[0]]).all() and (rows.diff() > 0).all()


def test_no_voxels_make_no_windows():
    windows = swin3d_ops.partition_windows(torch.zeros(0, 4, dtype=torch.int64), 5, 2)
    assert windows.num_windows == 0 and windows.ptr.tolist() == [0]


def test_extent_beyond_the_key_is_refused():
    coords = torch.tensor([[0, 0, 0, 0], [0, 2**31, 2**31, 2**31]])
    with pytest.raises(ValueError, match='extent .* overflows the 64-bit voxel key'):
        swin3d_ops.partition_windows(coords, 5, 0)


FAR = 2**63 - 1


@pytest.mark.parametrize('form', ['auto', 'torch'])
@pytest.mark.parametrize('size', [1, 3, 2**31, 2**40, 2**50 + 1, 2**62])
@pytest.mark.parametrize('shift', [0, 2, -(2**40), 2**62, -(2**63), 10**30])
@pytest.mark.parametrize('values', [[-5, 0, 3], [FAR, FAR - 1, FAR - 7], [-FAR - 1, -FAR, 4 - FAR]], ids=str)
def test_windows_of_any_size_shift_and_place_are_right(monkeypatch, form, size, shift, values):
    monkeypatch.setenv('SWIN3D_OPS', form)
    coords = torch.zeros(3, 4, dtype=torch.int64)
    coords[:, 2] = torch.tensor(values)
    windows = swin3d_ops.partition_windows(coords, size, shift)
    number = [(value + shift) // size for value in values]
    assert windows.cell[:, 1].tolist() == [(value + shift) % size for value in values]
    assert windows.window_of_voxel().tolist() == [sorted(set(number)).index(n) for n in number]


@pytest.mark.parametrize(
    'coords, size, shift, error, message',
    [
        (torch.zeros(3, 4), 5, 0, TypeError, 'coords must hold int16, int32 or int64'),
        (torch.zeros(3, 3).int(), 5, 0, ValueError, r'coords must have shape \(N, 4\)'),
        (torch.zeros(3, 4).int(), 0, 0, ValueError, 'window_size must be at least 1, got 0'),
        (torch.zeros(3, 4).int(), 2**63, 0, ValueError, 'window_size must be at most'),
        (torch.zeros(3, 4).int().to('meta'), 5, 0, ValueError, 'coords must hold data'),
        (torch.zeros(3, 4).int().to_sparse(), 5, 0, TypeError, 'coords must be a dense tensor'),
        (torch.zeros(3, 4).int(), 5.0, 0, TypeError, 'window_size must be an int'),
        (torch.zeros(3, 4).int(), 5, 2.5, TypeError, 'shift must be an int'),
        ([[0, 0, 0, 0]], 5, 0, TypeError, 'coords must be a tensor'),
    ],
)
def test_bad_arguments_are_named(coords, size, shift, error, message):
    with pytest.raises(error, match=message):
        swin3d_ops.partition_windows(coords, size, shift)


@pytest.mark.parametrize('dtype', [torch.int16, torch.int32, torch.int64])
@pytest.mark.parametrize('window_size, shift', [(1, 0), (5, 2), (7, -3), (64, 100)])
def test_kernel_partitions_as_torch_does(monkeypatch, dtype, window_size, shift):
    coords = torch.randint(-40, 40, (500, 4), generator=torch.Generator().manual_seed(0)).to(dtype)
    got = swin3d_ops.partition_windows(coords, window_size, shift)
    monkeypatch.setenv('SWIN3D_OPS', 'torch')
    expected = swin3d_ops.partition_windows(coords, window_size, shift)
    for name in ('order', 'ptr', 'cell'):
        assert torch.equal(getattr(got, name), getattr(expected, name)), name
