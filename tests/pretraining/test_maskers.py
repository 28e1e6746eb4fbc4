"""Masks of cells of the recording against sets of cells counted by hand."""

import math
from collections import defaultdict

import numpy as np
import pytest
import torch
from mmdet3d.registry import MODELS

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.pretraining.maskers import CrossCells, RandomCells

CELL = 0.3


def views_of(*clouds_of_views):
    """Views of clouds (P, 3) that were recorded elsewhere: (augmented, source) for each sample."""
    preprocessor = MODELS.build(dict(type='ViewPreprocessor', voxel_size=0.05, features=('offset',)))
    views = []
    for samples in clouds_of_views:
        points = [torch.cat([xyz, torch.zeros(len(xyz), 3)], dim=1).float() for xyz, _ in samples]
        source = [place.float() for _, place in samples]
        ids = [torch.arange(len(place)) for place in source]
        views.append(dict(points=points, per_point=dict(source_xyz=source, number=ids)))
    return preprocessor(dict(inputs=dict(views=views), data_samples=None), training=True)['inputs']['views']


def recorded(count, seed=0, low=-2.0, high=2.0):
    """Places of a recording, on both sides of its origin."""
    return torch.from_numpy(np.random.default_rng(seed).uniform(low, high, (count, 3)) * [1, 1, 0.3])


def turned(xyz, angle, shift=5.0):
    cos, sin = math.cos(angle), math.sin(angle)
    return xyz @ torch.tensor([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]], dtype=xyz.dtype) + shift


def cells_of(view):
    """The cell of each voxel, with its sample, counted by Python; far away where it lay nowhere."""
    place = view.at_voxels('source_xyz').double().nan_to_num(1e6).tolist()
    sample = view.voxels.coords[:, 0].tolist()
    return [(b, *(math.floor(x / CELL) for x in xyz)) for b, xyz in zip(sample, place)]


def hidden_cells(view, mask):
    """The hidden cells by sample; fails where a cell is hidden in part."""
    fate = defaultdict(set)
    for cell, hidden in zip(cells_of(view), mask.tolist()):
        fate[cell].add(hidden)
    assert all(len(fates) == 1 for fates in fate.values())
    found = defaultdict(set)
    for cell, fates in fate.items():
        if True in fates:
            found[cell[0]].add(cell)
    return found, {b: {cell for cell in fate if cell[0] == b} for b in {cell[0] for cell in fate}}


SAMPLES = [recorded(900), recorded(250, seed=1), recorded(3, seed=2)]


@pytest.mark.parametrize('ratio', [0.0, 0.29, 0.5, 0.999])
def test_random_cells_hide_the_exact_number_of_whole_cells_of_each_sample(ratio):
    (view,) = views_of([(turned(xyz, 1.0), xyz) for xyz in SAMPLES])
    hidden, cells = hidden_cells(view, RandomCells(CELL, ratio)(view))
    for sample in range(3):
        assert len(hidden[sample]) == int(ratio * len(cells[sample])) < len(cells[sample])
    assert len(cells[0]) > 3 * len(cells[2])


def test_cross_masks_hide_disjoint_exact_numbers_of_cells_of_the_union():
    views = views_of(
        [(turned(xyz, 0.3), xyz) for xyz in SAMPLES],
        [(turned(xyz, -2.0), xyz) for xyz in SAMPLES],
    )
    for ratio in (0.0, 0.4, 0.5):
        masks = CrossCells(CELL, ratio)(*views)
        (first, cells), (second, _) = (hidden_cells(view, mask) for view, mask in zip(views, masks))
        for sample in range(3):
            assert not first[sample] & second[sample]
            count = int(ratio * len(cells[sample]))
            assert (len(first[sample]), len(second[sample])) == (count, count)


def test_cross_masks_of_crops_that_differ_are_disjoint_in_the_recording():
    cloud = SAMPLES[0]
    left, right = cloud[cloud[:, 0] < 0.5], cloud[cloud[:, 0] > -0.5]
    views = views_of([(turned(left, 1.0), left)], [(turned(right, 2.0), right)])
    masks = CrossCells(CELL, 0.4)(*views)
    (first, cells), (second, others) = (hidden_cells(view, mask) for view, mask in zip(views, masks))
    union = cells[0] | others[0]
    assert not first[0] & second[0]
    assert first[0] and second[0] and len(first[0] | second[0]) <= 2 * int(0.4 * len(union))
    shared = cells[0] & others[0]
    assert first[0] & shared and second[0] & shared  # one hides what the other shows


@pytest.mark.parametrize('masker', [RandomCells(CELL, 0.4), CrossCells(CELL, 0.4)])
def test_turning_a_view_changes_no_mask(masker):
    # 0.2 m apart: a voxel holds one point however the view is turned
    grid = torch.cartesian_prod(*[torch.arange(9.0) * 0.2 - 1] * 3).double()
    masks = []
    for angle in (0.0, 1.1):
        views = views_of([(turned(grid, angle), grid)], [(turned(grid, 0.5), grid)])
        torch.manual_seed(0)
        if isinstance(masker, RandomCells):
            found = [(views[0], masker(views[0]))]
        else:
            found = list(zip(views, masker(*views)))
        masks.append([mask[torch.argsort(view.at_voxels('number'))] for view, mask in found])
    assert all(len(mask) == 729 and 0 < mask.sum() < 729 for mask in masks[0])
    assert all(map(torch.equal, *masks))


def test_every_cell_is_hidden_as_often_as_every_other():
    places = torch.arange(10).double()[:, None] * torch.tensor([[CELL, 0, 0]]).double() + 0.1
    (view,) = views_of([(places, places)])
    draws = 4000
    torch.manual_seed(0)
    share = torch.stack([RandomCells(CELL, 0.3)(view) for _ in range(draws)]).double().mean(0)
    assert torch.allclose(share, torch.full_like(share, 0.3), atol=5 * (0.21 / draws) ** 0.5)


def test_voxels_of_another_scene_stay_visible_and_do_not_count():
    xyz = SAMPLES[0]
    strangers = recorded(200, seed=3) + torch.tensor([9.0, 0, 0])
    both = torch.cat([xyz, strangers])
    source = torch.cat([xyz, torch.full_like(strangers, torch.nan)])
    alone = (strangers, torch.full_like(strangers, torch.nan))  # a sample of strangers alone
    plain = (turned(xyz, 1.0), xyz)
    views = views_of([(both, source), alone, plain], [plain, plain, alone])
    for mask in (RandomCells(CELL, 0.9)(views[0]), CrossCells(CELL, 0.5)(*views)[0]):
        foreign = views[0].at_voxels('source_xyz').isnan().any(dim=1)
        assert foreign.sum() > 200 and not bool(mask[foreign].any())
        assert bool(mask[~foreign].any())
    (view,) = views_of([(both, source)])
    hidden, cells = hidden_cells(view, RandomCells(CELL, 0.9)(view))
    strange = {cell for cell in cells[0] if cell[1] > 1e6}
    assert len(strange) == 1 and len(hidden[0]) == int(0.9 * len(cells[0] - strange))


def test_arguments_and_views_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match='cell_size must be a positive length in metres, got 0'):
        RandomCells(0, 0.4)
    with pytest.raises(ValueError, match=r'ratio must lie in \[0, 1\), got 1'):
        RandomCells(0.1, 1)
    with pytest.raises(ValueError, match=r'ratio must lie in \[0, 0.5\], two disjoint shares, got 0.6'):
        CrossCells(0.1, 0.6)
    (view,) = views_of([(SAMPLES[0], SAMPLES[0])])
    del view.per_point['source_xyz']
    with pytest.raises(ValueError, match="per_point fields of a view must have 'source_xyz'"):
        RandomCells(0.1, 0.4)(view)
