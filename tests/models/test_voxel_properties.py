"""Voxels of drawn clouds are the cells of floats of 64 bits wherever they lie, or the points are refused."""

import numpy as np
import torch
from for_all import REFUSED, for_all, outcome
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from junk import arrays
from mmdet3d.registry import MODELS

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.structures import SparseVoxels, coarse_rows

SIZES = st.sampled_from([0.02, 0.1, 0.5, 1.0, 1e-9, 1e9])
TENSORS = ('f2', 'f4', 'f8', 'i8', 'u1', 'i2', '?', 'c8')


def preprocessor(voxel_size, features=('rgb', 'offset')):
    return MODELS.build(dict(type='VoxelPreprocessor', voxel_size=voxel_size, features=features))


@st.composite
def clouds(draw, limit=100.0):
    """Clouds of one point or several, on a grid of quarters or anywhere, with colours."""
    count, seed = draw(st.integers(1, 20)), draw(st.integers(0, 2**31 - 1))
    number = st.one_of(st.integers(-8, 8).map(lambda i: i / 4), st.floats(-limit, limit))
    xyz = draw(hnp.arrays(np.float64, (count, 3), elements=number))
    return torch.from_numpy(np.c_[xyz, np.random.default_rng(seed).uniform(-1, 1, (count, 3))])


def occupied(cloud, size):
    """Oracle: the cell of each point from the lowest corner."""
    xyz = cloud[:, :3].double().numpy()
    return [tuple(row) for row in np.floor((xyz - xyz.min(0)) / size).astype(np.int64).tolist()]


@for_all(scenes=st.lists(clouds(), min_size=1, max_size=3), size=SIZES, half=st.booleans())
def test_points_lie_in_the_cells_of_floats_of_64_bits(scenes, size, half):
    scenes = [cloud.float() if half else cloud for cloud in scenes]
    batch = outcome(lambda: preprocessor(size).voxelize_points(scenes), 'points', 'coords')
    if batch is REFUSED:
        assert size < 1e-6  # an extent of a scan in nanometres
        return
    number, start = 0, 0
    for scene, (cloud, rows) in enumerate(zip(scenes, batch.point2voxel)):
        cells = occupied(cloud, size)
        own = batch.voxels.coords[batch.voxels.coords[:, 0] == scene]
        assert [tuple(row) for row in own[:, 1:].tolist()] == sorted(set(cells))
        assert [sorted(set(cells))[row - number] for row in rows.tolist()] == cells
        first = [cells.index(cell) + start for cell in sorted(set(cells))]
        assert batch.representative[number : number + len(own)].tolist() == first
        number, start = number + len(own), start + len(cloud)
    colors = torch.cat(scenes)[batch.representative, 3:6].float()
    assert torch.equal(batch.feats[:, :3], colors)
    assert (batch.feats[:, 3:] >= 0).all() and (batch.feats[:, 3:] < 1).all()


@for_all(
    cloud=clouds(limit=8.0), move=st.tuples(*3 * [st.integers(-(2**20), 2**20)]), seed=st.integers(0, 999)
)
def test_neither_place_nor_order_changes_the_voxels(cloud, move, seed):
    cloud[:, :3] = (cloud[:, :3] * 64).round() / 64  # exact wherever it is moved
    moved = cloud.clone()
    moved[:, :3] += torch.tensor(move).double()
    one, other = (preprocessor(0.25).voxelize_points([points]) for points in (cloud, moved))
    assert torch.equal(one.voxels.coords, other.voxels.coords) and torch.equal(one.feats, other.feats)
    order = torch.from_numpy(np.random.default_rng(seed).permutation(len(cloud)))
    turned = preprocessor(0.25).voxelize_points([cloud[order]])
    assert torch.equal(turned.voxels.coords, one.voxels.coords)
    assert torch.equal(turned.point2voxel[0], one.point2voxel[0][order])


@for_all(table=arrays(columns=st.one_of(st.just(6), st.integers(0, 9))), size=SIZES, scenes=st.integers(1, 2))
def test_points_of_any_kind_are_voxels_or_refused_by_name(table, size, scenes):
    points = torch.from_numpy(table) if table.dtype.str[1:] in TENSORS and table.dtype != np.uint64 else table
    batch = outcome(lambda: preprocessor(size).voxelize_points(scenes * [points]), 'points', 'rgb', 'coords')
    if batch is not REFUSED:
        assert batch.feats.isfinite().all() and len(batch.point2voxel) == scenes
        assert sorted(set(torch.cat(batch.point2voxel).tolist())) == list(range(len(batch.voxels)))


@for_all(cloud=clouds(limit=8.0), one=st.integers(-1, 4), other=st.integers(1, 3))
def test_coarse_voxels_hold_the_fine_ones_and_speak_for_one_of_them(cloud, one, other):
    voxels = preprocessor(0.25).voxelize_points([cloud, cloud.flip(0) * 0.5]).voxels
    found = outcome(lambda: voxels.downsample(one), 'factor')
    if found is REFUSED:
        assert one < 1
        return
    coarse, parent = found
    assert torch.equal(coarse.coords[parent, 1:], voxels.coords[:, 1:] // one * one)
    assert torch.equal(coarse_rows(voxels, coarse), parent)
    assert sorted(set(parent.tolist())) == list(range(len(coarse)))
    for row, signal in enumerate(coarse.signals['xyz']):
        own = voxels.signals['xyz'][parent == row]
        assert (own == signal).all(1).any()
    assert torch.equal(coarse.downsample(other)[0].coords, voxels.downsample(one * other)[0].coords)


@for_all(table=arrays(columns=st.just(4)), batch_size=st.integers(-1, 3), stride=st.integers(-1, 3))
def test_coordinates_of_any_kind_are_voxels_or_refused_by_name(table, batch_size, stride):
    coords = torch.from_numpy(table) if table.dtype.str[1:] in TENSORS else table
    voxels = outcome(lambda: SparseVoxels(coords, batch_size, stride), 'coords', 'batch_size', 'stride')
    if voxels is not REFUSED:
        assert voxels.ptr[-1] == len(voxels) or stride > 1
