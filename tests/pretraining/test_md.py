"""MD: mixtures, owners and hints by loops, the adaptive decoder, and what it learns."""

from math import log

import pytest
import torch
from mmdet3d.registry import MODELS
from mmengine.dataset import pseudo_collate
from tiny_pretraining import tiny_student

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.datasets.transforms import PackPretrainInputs
from swin3d_mmdet3d.pretraining.heads.instance_adaptive_decoder import AdaptiveInstanceNorm, HintEncoder
from swin3d_mmdet3d.pretraining.maskers import MixedHalves
from swin3d_mmdet3d.structures import Ragged, SparseVoxels
from swin3d_mmdet3d.structures.normal_points import NormalPoints

VOXEL = 0.2


def batch(samples=3, points=250):
    """Random clouds of several sizes at several places, each of its own colour."""
    generator = torch.Generator().manual_seed(0)
    packed = []
    for sample in range(samples):
        xyz = torch.rand(points, 3, generator=generator) * torch.tensor([2.0 + sample, 2, 1]) + sample
        rgb = torch.full((points, 3), sample / 2 - 0.5) + 0.1 * torch.rand(points, 3, generator=generator)
        cloud = NormalPoints.from_columns(torch.cat([xyz, rgb], dim=1))
        packed.append(PackPretrainInputs().transform(dict(points=cloud)))
    return pseudo_collate(packed)


def view_of(data):
    preprocessor = MODELS.build(dict(type='ViewPreprocessor', voxel_size=VOXEL))
    return preprocessor(data, training=True)['inputs']['views'][0]


def method(**changes):
    decoder = dict(type='InstanceAdaptiveDecoder', in_channels=16, hint_in_channels=9, channels=16)
    preprocessor = dict(type='ViewPreprocessor', voxel_size=VOXEL)
    cfg = dict(type='MD', data_preprocessor=preprocessor, mixer=dict(type='MixedHalves'), decoder=decoder)
    torch.manual_seed(0)
    return MODELS.build({**cfg, **tiny_student(), **changes}).train()


def scenes_of(view, rows):
    return view.voxels.coords[rows, 0].long()


def test_a_mixture_is_half_of_the_voxels_of_each_of_two_scenes_and_says_whose_they_are():
    view = view_of(batch())
    mixture = MixedHalves()(view)
    sizes = view.voxels.ptr.diff()
    sample = mixture.voxels.coords[:, 0].long()
    assert mixture.voxels.batch_size == 3 and mixture.voxels.voxel_size == VOXEL
    for number in range(3):
        own = sample == number
        first, second = number, (number + 1) % 3
        scene = scenes_of(view, mixture.source[own])
        owner = mixture.owner[own]
        assert bool((scene[owner == 0] == first).all()) and bool((scene[owner == 1] == second).all())
        claimed_twice = int((owner == -1).sum())
        assert claimed_twice > 0 and bool((scene[owner == -1] == first).all())
        assert len(owner) + claimed_twice == sizes[first] // 2 + sizes[second] // 2
        assert len(mixture.source[own].unique()) == len(owner)
    assert torch.equal(mixture.feats, view.feats[mixture.source])
    assert torch.equal(mixture.voxels.signals['rgb'], view.voxels.signals['rgb'][mixture.source])


def test_cells_that_both_scenes_claim_belong_to_nobody_and_all_others_to_one_by_brute_force():
    view = view_of(batch())
    torch.manual_seed(2)
    mixture = MixedHalves()(view)
    torch.manual_seed(2)
    claims = {}
    for number in range(3):
        boxes = []
        for role, scene in enumerate((number, (number + 1) % 3)):
            start, end = view.voxels.ptr[scene : scene + 2].tolist()
            coords = view.voxels.coords[start:end, 1:]
            boxes.append((coords.amin(dim=0) + coords.amax(dim=0)) // 2)
            shown = torch.randperm(end - start)[: (end - start) // 2]
            for row in shown.tolist():
                cell = coords[row] + (boxes[0] - boxes[role]) * torch.tensor([1, 1, 0])
                claims.setdefault((number, *cell.tolist()), []).append(role)
    found = {
        tuple(cell): owner for cell, owner in zip(mixture.voxels.coords.tolist(), mixture.owner.tolist())
    }
    assert found == {cell: roles[0] if len(roles) == 1 else -1 for cell, roles in claims.items()}


def test_signals_lie_in_their_voxels_as_before():
    view = view_of(batch())
    mixture = MixedHalves()(view)
    inside = mixture.voxels.signals['xyz'] - mixture.voxels.coords[:, 1:]
    before = (view.voxels.signals['xyz'] - view.voxels.coords[:, 1:])[mixture.source]
    torch.testing.assert_close(inside, before, atol=1e-5, rtol=0)
    assert not torch.equal(mixture.voxels.coords[:, 1:], view.voxels.coords[mixture.source, 1:])


def test_hints_are_of_the_scenes_and_hold_no_voxel_that_is_mixed_in():
    view = view_of(batch())
    for seed in range(5):
        torch.manual_seed(seed)
        mixture = MixedHalves(num_hints=40)(view)
        for role in (0, 1):
            hints = mixture.hints[role]
            assert torch.equal(hints.ptr.diff(), torch.full((3,), 40))
            assert torch.equal(scenes_of(view, hints.values), (hints.sample + role) % 3)
            for number in range(3):
                in_mixture = mixture.voxels.coords[:, 0] == number
                own = mixture.source[in_mixture].tolist()
                assert not set(hints.values[hints.sample == number].tolist()) & set(own)


def test_rows_of_a_hint_are_places_about_the_middle_with_one_axis_at_zero_and_features():
    model, view = method(), view_of(batch())
    hints = model.mixer(view).hints[0]
    rows = model.hint_rows(view, hints)
    place, feats = rows.values[:, :3], rows.values[:, 3:]
    assert torch.equal(feats, view.feats[hints.values])
    whole = view.voxels.coords[hints.values, 1:].double()
    for scene in range(3):
        coords = view.voxels.coords[view.voxels.coords[:, 0] == scene, 1:]
        middle = (coords.amin(dim=0) + coords.amax(dim=0)) // 2 * torch.tensor([1, 1, 0])
        own = scenes_of(view, hints.values) == scene
        whole[own] = (whole[own] - middle) * VOXEL
    dropped = (place.double() - whole).abs() > 1e-6
    assert bool((dropped.sum(dim=1) <= 1).all()) and bool((place[dropped] == 0).all())
    assert bool(((place == 0).sum(dim=1) >= 1).all()) and set(dropped.nonzero()[:, 1].tolist()) == {0, 1, 2}


def test_a_hint_is_the_maximum_of_its_rows_by_a_loop():
    torch.manual_seed(0)
    encoder = HintEncoder(4, 5).eval()
    rows = Ragged(torch.randn(9, 4), torch.tensor([0, 2, 3, 9]))
    found = encoder(rows)
    for scene, (start, end) in enumerate(((0, 2), (2, 3), (3, 9))):
        expected = torch.stack([encoder.layers(row[None])[0] for row in rows.values[start:end]]).amax(dim=0)
        torch.testing.assert_close(found[scene], expected)


def test_the_adaptive_norm_is_that_of_each_scene_by_a_loop():
    torch.manual_seed(0)
    norm = AdaptiveInstanceNorm(3, 2).double()
    coords = torch.tensor([[0, 0, 0, 0], [0, 1, 0, 0], [0, 2, 0, 0], [1, 0, 0, 0], [1, 5, 0, 0]])
    voxels = SparseVoxels(coords, 2)
    feats, hint = torch.randn(5, 3, dtype=torch.float64), torch.randn(2, 2, dtype=torch.float64)
    found = norm(feats, voxels, hint)
    for scene, rows in enumerate((slice(0, 3), slice(3, 5))):
        scale, shift = norm.modulation(hint[scene]).split(3)
        own = feats[rows]
        for channel in range(3):
            mean = own[:, channel].mean()
            std = (((own[:, channel] - mean) ** 2).mean() + norm.eps) ** 0.5
            expected = (1 + scale[channel]) * (own[:, channel] - mean) / std + shift[channel]
            torch.testing.assert_close(found[rows, channel], expected)


def test_constant_logits_have_a_loss_of_ln_2_and_exchanged_hints_exchange_the_terms():
    model, view = method().eval(), view_of(batch())
    torch.manual_seed(1)
    losses = model.loss([view], None)
    mixture_of = model.mixer.forward

    def exchanged(view):
        mixture = mixture_of(view)
        owner = torch.where(mixture.owner < 0, mixture.owner, 1 - mixture.owner)
        return type(mixture)(mixture.feats, mixture.voxels, owner, mixture.source, mixture.hints[::-1])

    model.hint_rows = lambda view, hints: Ragged(  # without the random axes
        torch.cat([view.voxels.place[hints.values], view.feats[hints.values]], dim=1), hints.ptr
    )
    torch.manual_seed(1)
    losses = model.loss([view], None)
    model.mixer.forward = exchanged
    torch.manual_seed(1)
    others = model.loss([view], None)
    assert losses['loss_first'].item() == pytest.approx(others['loss_second'].item(), abs=1e-6)
    assert losses['loss_second'].item() == pytest.approx(others['loss_first'].item(), abs=1e-6)
    assert losses['loss_first'].item() != pytest.approx(losses['loss_second'].item(), abs=1e-4)
    torch.nn.init.zeros_(model.decoder.last.weight)
    torch.nn.init.zeros_(model.decoder.last.bias)
    losses = model.loss([view], None)
    assert losses['loss_first'].item() == pytest.approx(log(2), abs=1e-6)
    assert 0.2 < losses['owner_accuracy'] < 0.8


def test_voxels_that_both_scenes_claim_get_no_gradient():
    model, view = method(), view_of(batch())
    seen = {}

    def read(feats, voxels, rows):
        logits = torch.zeros(len(feats), requires_grad=True)
        seen.setdefault('logits', []).append(logits)
        return logits

    model.decoder.forward = read
    torch.manual_seed(1)
    losses = model.loss([view], None)
    (losses['loss_first'] + losses['loss_second']).backward()
    torch.manual_seed(1)
    owner = model.mixer(view).owner
    for logits, role in zip(seen['logits'], (0, 1)):
        assert bool((logits.grad[owner == -1] == 0).all())
        assert bool((logits.grad[owner == role] < 0).all()) and bool(
            (logits.grad[owner == 1 - role] > 0).all()
        )
    assert int((owner == -1).sum()) == round(float(losses['shared_voxels']) * len(owner)) > 0


@pytest.mark.parametrize('samples, points', [(1, 250), (2, 1)])
def test_a_batch_with_nothing_to_mix_has_a_loss_of_0_that_reaches_every_weight(samples, points):
    model = method()
    losses = model.loss([view_of(batch(samples, points))], None)
    (losses['loss_first'] + losses['loss_second']).backward()
    assert losses['loss_first'].item() == 0
    assert all(bool((weight.grad == 0).all()) for weight in model.parameters())


def accuracy(shuffle, steps=60):
    model = method(mixer=dict(type='MixedHalves', shuffle=shuffle))
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    view, history = view_of(batch()), []
    for step in range(steps):
        torch.manual_seed(step)
        losses = model.loss([view], None)
        optimiser.zero_grad()
        (losses['loss_first'] + losses['loss_second']).backward()
        optimiser.step()
        history.append(float(losses['owner_accuracy']))
    return sum(history[-10:]) / 10


@pytest.mark.slow
def test_owners_are_learnt_from_hints_and_not_from_exchanged_ones():
    assert accuracy(shuffle=False) > 0.9
    assert accuracy(shuffle=True) < 0.65
