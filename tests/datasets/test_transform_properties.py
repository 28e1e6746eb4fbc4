"""Samples, crops, views and masks of drawn clouds: what is kept, how much, and never more than was there."""

import numpy as np
import torch
from for_all import REFUSED, for_all, outcome
from hypothesis import strategies as st
from junk import JSON, NUMBERS
from swin3d_ops.voxel_index import unique_voxels

from swin3d_mmdet3d.datasets.transforms import GridSample, MultiCrop, SourceCoords, SphereCrop
from swin3d_mmdet3d.pretraining.maskers import CrossCells, RandomCells, RandomVoxels
from swin3d_mmdet3d.structures import CloudView, SparseVoxels
from swin3d_mmdet3d.structures.normal_points import NormalPoints

SEEDS = st.integers(0, 2**31 - 1)


def sample(count, seed, extent=2.0):
    """A sample whose labels are its rows."""
    columns = np.random.default_rng(seed).uniform(-extent, extent, (count, 6)).astype(np.float32)
    points = NormalPoints.from_columns(columns)
    return SourceCoords().transform(dict(points=points, pts_semantic_mask=np.arange(count)))


def kept_rows(before, after):
    """The rows that a transform kept, ascending, with everything that belongs to them."""
    rows = after['pts_semantic_mask']
    assert np.array_equal(after['per_point']['point_ids'], rows) and (np.diff(rows) > 0).all()
    assert torch.equal(after['points'].tensor, before[rows])
    return rows


@for_all(
    count=st.integers(0, 60),
    seed=SEEDS,
    extent=st.sampled_from([0.0, 1e-3, 2.0, 1e5]),
    size=st.one_of(NUMBERS, JSON),
)
def test_a_grid_keeps_a_point_of_every_cell_and_its_corner(count, seed, extent, size):
    before = sample(count, seed, extent)
    points = before['points'].tensor.clone()
    after = outcome(lambda: GridSample(size).transform(before), 'voxel_size', 'points')
    if after is REFUSED:
        return
    rows = kept_rows(points, after)
    xyz = points[:, :3].double().numpy()
    with np.errstate(over='ignore'):
        cells = [tuple(row) for row in np.floor((xyz - xyz.min(0)) / size).tolist()]
    assert {cells[row] for row in rows} == set(cells)
    assert len(rows) <= len(set(cells)) + 2
    np.testing.assert_array_equal(xyz[rows].min(0), xyz.min(0))


@for_all(
    count=st.integers(0, 60),
    seed=SEEDS,
    most=st.one_of(st.integers(-1, 70), JSON),
    ratio=st.one_of(st.floats(0, 1), NUMBERS),
)
def test_a_sphere_holds_the_nearest_points_of_one_of_them(count, seed, most, ratio):
    before = sample(count, seed)
    points = before['points'].tensor.clone()
    after = outcome(lambda: SphereCrop(most, ratio).transform(before), 'max_points', 'keep_ratio', 'points')
    if after is REFUSED:
        return
    rows = kept_rows(points, after)
    assert len(rows) == (min(count, most, max(1, int(ratio * count))))
    xyz = points[:, :3].double().numpy()
    distance = np.linalg.norm(xyz[:, None] - xyz[None], axis=2)
    out = np.setdiff1d(np.arange(count), rows)
    reach, beyond = distance[:, rows].max(1, initial=0), distance[:, out].min(1, initial=np.inf)
    assert count == 0 or (reach[rows] <= beyond[rows] + 1e-6).any()


@for_all(
    count=st.integers(0, 40),
    seed=SEEDS,
    views=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    ratio=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    most=st.integers(0, 50),
)
def test_crops_have_their_share_and_meet_the_first(count, seed, views, ratio, most):
    settings = dict(
        num_global=views[0], num_local=views[1], global_ratio=ratio, local_ratio=ratio, max_points=most
    )
    np.random.seed(seed % 2**32)
    pipeline = [dict(type='PositiveShift')]

    def crop():
        crops = MultiCrop(global_pipeline=pipeline, local_pipeline=pipeline, **settings)
        return crops.transform(sample(count, seed))['views']

    found = outcome(crop, 'num_global', 'global_ratio', 'local_ratio', 'max_points', 'points')
    if found is REFUSED:
        return
    assert len(found) == sum(views)
    principal = set(found[0]['per_point']['point_ids'].tolist())
    for view in found:
        rows = view['per_point']['point_ids']
        bounds = [max(1, int(share * min(count, most))) for share in ratio]
        assert bounds[0] <= len(rows) <= bounds[1] and principal & set(rows.tolist())


def view_of(counts, seed, extent=2.0):
    """A view of scenes of one voxel or several, each of which was recorded somewhere."""
    rng = np.random.default_rng(seed)
    scenes = [
        np.c_[np.full(count, scene), rng.integers(-9, 9, (count, 3))] for scene, count in enumerate(counts)
    ]
    coords, _ = unique_voxels(torch.from_numpy(np.concatenate(scenes)))
    place = torch.from_numpy(rng.uniform(-extent, extent, (len(coords), 3)))
    rows = torch.arange(len(coords))
    voxels = SparseVoxels(coords, len(counts), signals=dict(xyz=coords[:, 1:].double()))
    sizes = voxels.ptr.diff().tolist()
    return CloudView(
        feats=torch.zeros(len(coords), 1), voxels=voxels, point2voxel=list(rows.split(sizes)),
        representative=rows, origin=torch.zeros(len(counts), 3),
        points=list(torch.zeros(len(coords), 3).split(sizes)),
        per_point=dict(source_xyz=place), per_image={}, per_match={}, ragged={},
    )  # fmt: skip


def cells_of(view, size):
    place = view.per_point['source_xyz'].double()
    return [
        (b, *xyz) for b, xyz in zip(view.voxels.coords[:, 0].tolist(), (place / size).floor().long().tolist())
    ]


COUNTS = st.lists(st.integers(1, 30), min_size=1, max_size=3)


@for_all(
    counts=COUNTS,
    seed=SEEDS,
    size=st.sampled_from([0.3, 1.0, 9.0, -1.0, float('nan')]),
    ratio=st.one_of(st.floats(0, 1), NUMBERS),
)
def test_masks_hide_whole_cells_in_their_number(counts, seed, size, ratio):
    torch.manual_seed(seed)
    view = view_of(counts, seed)
    other = view_of(counts, seed + 1)
    hidden = outcome(lambda: RandomCells(size, ratio)(view), 'cell_size', 'ratio')
    if hidden is not REFUSED:
        cells = [tuple(map(str, cell)) for cell in cells_of(view, size)]
        dark = {cell for cell, mask in zip(cells, hidden.tolist()) if mask}
        assert not dark & {cell for cell, mask in zip(cells, hidden.tolist()) if not mask}
        for scene in range(len(counts)):
            own = {cell for cell in cells if cell[0] == str(scene)}
            assert len(own & dark) == int(ratio * len(own))
    pair = outcome(lambda: CrossCells(size, ratio)(view, other), 'cell_size', 'ratio')
    if pair is not REFUSED:
        dark = [
            {str(c) for c, m in zip(cells_of(v, size), mask.tolist()) if m}
            for v, mask in zip((view, other), pair)
        ]
        assert not dark[0] & dark[1]


@for_all(counts=COUNTS, seed=SEEDS, visible=st.tuples(st.floats(0, 1), st.floats(0, 1)), gap=st.floats(0, 1))
def test_visible_voxels_are_a_share_of_each_scene_within_the_target(counts, seed, visible, gap):
    torch.manual_seed(seed)
    view = view_of(counts, seed)
    found = outcome(lambda: RandomVoxels(visible, gap)(view), 'visible', 'gap')
    if found is REFUSED:
        return
    seen, target = found
    assert set(seen.tolist()) <= set(target.tolist()) and (seen.diff() > 0).all()
    for scene, total in enumerate(view.voxels.ptr.diff().tolist()):
        own = int((view.voxels.coords[seen, 0] == scene).sum())
        assert max(1, int(visible[0] * total)) <= own <= max(1, int(visible[1] * total + 1e-6))
