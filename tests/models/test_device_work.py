"""How often a host waits for a GPU in voxels, levels and windows, and how many operators they launch."""

from __future__ import annotations

import shutil

import pytest
import torch
from launch_count import counted
from mmdet3d.registry import MODELS
from swin3d_ops import cuda_runtime, host_transfers, representatives
from swin3d_ops.cuda_emulation import emulated_program
from swin3d_ops.op import Implementation

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.models.layers import attention_windows
from swin3d_mmdet3d.structures import find_windows

pytestmark = pytest.mark.skipif(
    shutil.which('c++') is None and shutil.which('g++') is None,
    reason='the emulation needs a C++ compiler',
)
FACTORS, WINDOWS = (3, 2, 2, 2), (5, 7, 7, 7, 7)


@pytest.fixture
def taken_for_a_gpu(monkeypatch):
    """Tensors of the CPU go the way of those of a GPU."""
    monkeypatch.setenv('SWIN3D_OPS', 'partition_windows=torch')
    monkeypatch.setattr(host_transfers, 'reads_are_free', lambda tensor: False)
    of_a_gpu = Implementation(representatives.cuda_impl.find)
    monkeypatch.setitem(representatives.OP.implementations, 'torch', of_a_gpu)
    monkeypatch.setattr(cuda_runtime, 'program', lambda source, macros, _: emulated_program(source, macros))


def points(num_scenes):
    clouds = [
        torch.rand(900, 6, generator=torch.Generator().manual_seed(scene)) for scene in range(num_scenes)
    ]
    return [cloud * torch.tensor([3.0, 3.0, 3.0, 1.0, 1.0, 1.0]) for cloud in clouds]


@pytest.fixture(scope='module')
def preprocessor():
    return MODELS.build(dict(type='VoxelPreprocessor', voxel_size=0.1))


def levels_with_windows(voxels):
    levels = [voxels, *(coarse for coarse, _ in voxels.pyramid(FACTORS))]
    pairs = [(level, size, shift) for level, size in zip(levels, WINDOWS) for shift in (0, size // 2)]
    find_windows(pairs)
    return levels, [attention_windows(*pair, 4, ('xyz', 'rgb')) for pair in pairs]


@pytest.mark.parametrize('num_scenes, most', [(1, 40), (6, 65)])
def test_voxelising_waits_twice_whatever_the_number_of_scenes(
    taken_for_a_gpu, monkeypatch, preprocessor, num_scenes, most
):
    clouds = points(num_scenes)
    count = counted(lambda: preprocessor.voxelize_points(clouds, keep_lattice=True))
    assert count.waits == ['cpu', 'tolist']
    assert len(count.launches) <= most, count.launches


@pytest.mark.parametrize('num_scenes', [1, 6])
def test_all_levels_and_windows_of_a_network_wait_once(
    taken_for_a_gpu, monkeypatch, preprocessor, num_scenes
):
    voxels = preprocessor.voxelize_points(points(num_scenes)).voxels
    count = counted(lambda: levels_with_windows(voxels))
    assert count.waits == ['tolist']
    assert len(count.launches) <= 165, count.launches
    assert not count.copies  # but for the numbers that the host writes, in one piece, and reads


def test_way_of_a_gpu_leads_to_the_same_levels_and_windows(preprocessor, request):
    expected, windows = levels_with_windows(preprocessor.voxelize_points(points(3)).voxels)
    request.getfixturevalue('taken_for_a_gpu')
    found, own = levels_with_windows(preprocessor.voxelize_points(points(3)).voxels)
    for one, other in zip(found, expected):
        for name in ('coords', 'grid_coords', 'ptr'):
            assert torch.equal(getattr(one, name), getattr(other, name)), name
        assert one.host_ptr == other.host_ptr == tuple(one.ptr.tolist())
        for name, signal in other.signals.items():
            assert torch.equal(one.signals[name], signal), name
        low, high = one.bounds
        for axis, column in enumerate(one.coords.unbind(1)):
            assert low[axis] <= int(column.min()) and int(column.max()) <= high[axis]
    for one, other in zip(own, windows):
        assert torch.equal(one.index.order, other.index.order)
        assert torch.equal(one.index.ptr.unique(), other.index.ptr)
        assert torch.equal(one.signals, other.signals)
