"""Maskers of nested visible and target voxels: informative and random ones."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmdet3d.registry import MODELS
from real_data import local_real_data

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.pretraining.maskers import InformativeVoxels, RandomVoxels
from swin3d_mmdet3d.structures import SparseVoxels


def voxels_of(places, colors):
    """Scenes of distinct places (N, 3) and their colours; the coordinates do not matter to a masker."""
    counts = [len(place) for place in places]
    scene = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    coords = torch.cat([scene[:, None], torch.cat([place.floor().long() for place in places])], dim=1)
    return SparseVoxels(coords, len(counts), signals=dict(xyz=torch.cat(places), rgb=torch.cat(colors)))


def random_scene(num_voxels, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    place = torch.rand(num_voxels, 3, dtype=dtype, generator=generator) * 10
    return place, torch.rand(num_voxels, 3, dtype=dtype, generator=generator) * 2 - 1


def batch_of(*scenes):
    return voxels_of(*zip(*scenes))


def plane(color=(0.1, 0.1, 0.1), edge=8):
    axis = torch.arange(float(edge), dtype=torch.float64)
    place = torch.cartesian_prod(axis, axis, torch.zeros(1, dtype=torch.float64))
    return place, torch.tensor(color, dtype=torch.float64).expand(len(place), 3).clone()


def by_loops(place, color, num_neighbors):
    """The local difference of one scene, in float64."""
    sums = []
    for values in (color, place):
        total = []
        for i in range(len(place)):
            near = sorted(range(len(place)), key=lambda j: (place[i] - place[j]).square().sum().item())
            total.append(sum((values[i] - values[j]).square().sum() for j in near[:num_neighbors]))
        total = torch.stack(total)
        span = total.max() - total.min()
        sums.append((total - total.min()) / span if span > 0 else torch.zeros(len(total)))
    return sums[0] + sums[1]


def test_score_is_the_local_difference_of_each_scene_by_loops():
    scenes = random_scene(40, 0), random_scene(25, 1), random_scene(5, 2)  # the last has less than K voxels
    score = InformativeVoxels(num_neighbors=8).score(batch_of(*scenes))
    expected = torch.cat([by_loops(*scene, 8) for scene in scenes])
    torch.testing.assert_close(score, expected, rtol=1e-9, atol=1e-12)


def test_score_knows_neither_place_nor_direction_nor_the_other_scenes():
    place, color = random_scene(60)
    masker = InformativeVoxels(num_neighbors=10)
    alone = masker.score(batch_of((place, color)))
    turn = torch.linalg.qr(torch.randn(3, 3, dtype=torch.float64)).Q
    moved = batch_of((place @ turn.t() + 30, color), (place * 7, color * 0.5))
    torch.testing.assert_close(masker.score(moved)[:60], alone, rtol=1e-9, atol=1e-11)


def test_a_lone_red_voxel_in_a_grey_plane_stays_visible():
    place, color = plane()
    color[3] = torch.tensor([1.0, -1.0, -1.0])
    masker = InformativeVoxels(num_neighbors=9, visible=(1 / 64, 1 / 64), gap=0.0)
    visible, _ = masker(SimpleNamespace(voxels=batch_of((place, color))))
    assert visible.tolist() == [3]


def test_scenes_without_differences_score_0_and_are_masked_all_the_same():
    place, color = plane()
    one = (torch.zeros(1, 3, dtype=torch.float64), torch.ones(1, 3, dtype=torch.float64))
    voxels = batch_of((place, color), one)
    score = InformativeVoxels().score(voxels)
    assert bool(score.isfinite().all()) and score[-1] == 0
    assert score[:64].max() == 1  # its borders, by their places alone
    visible, target = InformativeVoxels(visible=(0.5, 0.5))(SimpleNamespace(voxels=voxels))
    assert (len(visible), len(target)) == (32 + 1, 38 + 1) and visible[-1] == target[-1] == 64


MASKERS = [InformativeVoxels, RandomVoxels]


@pytest.mark.parametrize('kind', MASKERS)
@pytest.mark.parametrize(('share', 'gap'), [(0.2, 0.1), (0.7, 0.1), (0.9, 0.1), (0.35, 0.0), (1.0, 0.0)])
def test_counts_are_exact_in_each_scene_and_the_target_holds_what_is_visible(kind, share, gap):
    counts = (50, 7, 30, 1)
    voxels = batch_of(*(random_scene(count, seed) for seed, count in enumerate(counts)))
    visible, target = kind(visible=(share, share), gap=gap)(SimpleNamespace(voxels=voxels))
    for rows, part in ((visible, share), (target, share + gap)):
        scene = voxels.coords[rows, 0]
        expected = [max(1, math.floor(round(part * count, 9))) for count in counts]
        assert torch.bincount(scene, minlength=len(counts)).tolist() == expected
        assert bool((rows.diff() > 0).all())
    assert set(visible.tolist()) <= set(target.tolist())


def test_visible_and_target_are_those_of_the_highest_scores():
    voxels = batch_of(random_scene(50, 0), random_scene(30, 1))
    masker = InformativeVoxels(visible=(0.3, 0.3), gap=0.2)
    score = masker.score(voxels)
    for rows, part in zip(masker(SimpleNamespace(voxels=voxels)), (0.3, 0.5)):
        for scene in range(2):
            own = score[voxels.coords[:, 0] == scene]
            chosen = score[rows[voxels.coords[rows, 0] == scene]]
            torch.testing.assert_close(chosen.sort().values, own.sort().values[-round(part * len(own)) :])


@pytest.mark.parametrize('kind', MASKERS)
def test_every_scene_draws_a_share_of_its_own_from_the_whole_range(kind):
    torch.manual_seed(0)
    voxels = batch_of(*(random_scene(100, seed) for seed in range(20)))
    masker = kind(visible=(0.2, 0.8), gap=0.1)
    shares, gaps = [], []
    for _ in range(20):
        visible, target = masker(SimpleNamespace(voxels=voxels))
        own, wider = (
            torch.bincount(voxels.coords[rows, 0], minlength=20) / 100 for rows in (visible, target)
        )
        shares.append(own)
        gaps.append(wider - own)
    shares = torch.cat(shares)
    assert 0.2 <= shares.min() < 0.23 and 0.77 < shares.max() <= 0.8
    assert shares.mean().item() == pytest.approx(0.5 - 0.005, abs=0.03)  # of 400; floors take half a voxel
    assert shares.std().item() == pytest.approx(0.6 / 12**0.5, abs=0.02)
    assert bool(((torch.cat(gaps) - 0.1).abs() < 0.0101).all())


def test_random_voxels_are_visible_as_often_as_any_other():
    torch.manual_seed(0)
    voxels, masker = batch_of(random_scene(20)), RandomVoxels(visible=(0.3, 0.3))
    seen = torch.zeros(20)
    for _ in range(1000):
        seen[masker(SimpleNamespace(voxels=voxels))[0]] += 1
    assert bool(((seen / 1000 - 0.3).abs() < 5 * (0.3 * 0.7 / 1000) ** 0.5).all())


def test_real_colours_and_places_of_single_precision_rank_as_those_of_double():
    place, color = random_scene(400)
    masker = InformativeVoxels()
    double, single = (masker.score(batch_of((place.to(t), color.to(t)))) for t in (torch.double, torch.float))
    torch.testing.assert_close(single.double(), double, rtol=0, atol=1e-5)


def test_arguments_and_signals_that_do_not_fit_are_named():
    for bad in ((0.0, 0.5), (0.6, 0.4), (0.5, 1.1)):
        with pytest.raises(ValueError, match=r'visible must be a range within \(0, 1\], got'):
            RandomVoxels(visible=bad)
    for gap in (-0.1, 0.2):
        with pytest.raises(ValueError, match=r'gap must lie in \[0, 0.1\], what is not visible, got'):
            RandomVoxels(visible=(0.2, 0.9), gap=gap)
    with pytest.raises(ValueError, match='num_neighbors must be at least 2, got 1'):
        MODELS.build(dict(type='InformativeVoxels', num_neighbors=1))
    place, _ = random_scene(5)
    bare = SparseVoxels(torch.zeros(5, 4, dtype=torch.long), 1, signals=dict(xyz=place))
    with pytest.raises(ValueError, match=r"signals of the voxels must have 'rgb', got \['xyz'\]"):
        InformativeVoxels().score(bare)


def test_of_a_real_room_furniture_stays_visible_more_than_the_floor():
    with np.load(local_real_data('s3dis_part', 's3dis_sphere_xyzrgb_sem.npz')) as file:
        xyz, rgb, label, names = (file[key] for key in ('xyz', 'rgb', 'sem', 'names'))
    points = torch.from_numpy(np.concatenate([xyz, rgb / 127.5 - 1], axis=1)).float()
    batch = MODELS.build(dict(type='VoxelPreprocessor', voxel_size=0.04)).voxelize_points([points])
    shown = {}
    for kind in MASKERS:
        visible, _ = kind(visible=(0.3, 0.3))(batch)
        seen = torch.zeros(len(batch.voxels), dtype=torch.bool)
        seen[visible] = True
        labels = label[batch.representative.numpy()]
        shown[kind] = {str(name): float(seen[labels == k].float().mean()) for k, name in enumerate(names)}
    assert shown[InformativeVoxels]['chair'] > 3 * shown[InformativeVoxels]['floor']
    assert shown[RandomVoxels]['chair'] == pytest.approx(shown[RandomVoxels]['floor'], abs=0.05)
