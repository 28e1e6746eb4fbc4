"""The terms of Sonata against float64 loops over places; who sees what; what is measured of prototypes."""

import math

import numpy as np
import pytest
import torch
from mmdet3d.registry import MODELS
from mmengine.dataset import pseudo_collate

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.datasets.transforms import MultiCrop, PackPretrainInputs, SourceCoords
from swin3d_mmdet3d.pretraining.methods.sonata import perplexity
from swin3d_mmdet3d.pretraining.sinkhorn import sinkhorn
from swin3d_mmdet3d.structures.normal_points import NormalPoints

SIGNALS = ('xyz', 'rgb')
SIZES = dict(
    channels=[16, 16, 32], num_heads=[2, 2, 4], window_sizes=[3, 3, 3], quant_size=2, signals=SIGNALS
)
VIEW = [
    dict(type='GlobalRotScaleTrans', rot_range=[-3, 3], scale_ratio_range=[0.9, 1.1]),
    dict(type='PositiveShift'),
    dict(type='GridSample', voxel_size=0.2),
]
RADIUS, TEMPERATURES = 0.35, (0.1, 0.04)


def batch_of(num_local=2, samples=2):
    """Crops of clouds on the faces of boxes."""
    crop = MultiCrop(VIEW, VIEW, num_local=num_local, global_ratio=(0.7, 1.0), local_ratio=(0.2, 0.4))
    packed = []
    for seed in range(samples):
        rng = np.random.default_rng(seed)
        np.random.seed(seed)
        axis, side = rng.integers(0, 3, 600), rng.integers(0, 2, 600)
        xyz = rng.uniform(0, 2, (600, 3))
        xyz[np.arange(600), axis] = side * 2.0
        columns = np.concatenate([xyz, rng.uniform(-1, 1, (600, 3))], axis=1).astype(np.float32)
        results = SourceCoords().transform(dict(points=NormalPoints.from_columns(columns)))
        packed.append(PackPretrainInputs().transform(crop.transform(results)))
    return pseudo_collate(packed)


@MODELS.register_module(force=True)
class MeanFeature(torch.nn.Module):
    """An objective that keeps what it is given."""

    def forward(self, levels, inputs, data_samples):
        self.given = levels, inputs
        return dict(loss_image=levels.encoder[0][0].mean())


def build(**changes):
    torch.manual_seed(0)
    settings = dict(
        type='Sonata',
        data_preprocessor=dict(type='ViewPreprocessor', voxel_size=0.2, signals=SIGNALS),
        backbone=dict(type='Swin3D', in_channels=6, depths=[1, 1, 1], out_indices=(0, 1, 2), **SIZES),
        levels=dict(type='LevelConcat', levels=(1, 2)),
        head=dict(
            type='PrototypeHead', in_channels=48, num_prototypes=5, hidden_channels=16, embed_channels=8
        ),
        masker=dict(type='RandomCells', cell_size=0.5, ratio=0.5),
        matcher=dict(type='RadiusMatcher', radius=RADIUS, max_pairs=65536),
        criterion=dict(
            type='SelfDistillation',
            student_temperature=TEMPERATURES[0],
            teacher_temperature=TEMPERATURES[1],
        ),
    )
    model = MODELS.build({**settings, **changes})
    for head in (model.masked_head, model.local_head):  # the two shall not be alike by chance
        for layer in head.embedding[::2]:
            torch.nn.init.normal_(layer.weight)
    model.teacher.start(model)
    return model.train()


def run(model, batch):
    """The views, the losses, and what was called in its order."""
    calls = dict(backbone=[], teacher=[], masked=[], taught=[], local=[], masker=[])
    parts = dict(
        backbone=model.backbone,
        teacher=model.teacher.networks['backbone'],
        masked=model.masked_head,
        taught=model.teacher.networks['masked_head'],
        local=model.local_head,
        masker=model.masker,
    )
    handles = [
        part.register_forward_hook(lambda own, taken, given, name=name: calls[name].append((taken, given)))
        for name, part in parts.items()
    ]
    data = model.data_preprocessor(batch, True)
    losses = model(**data, mode='loss')
    for handle in handles:
        handle.remove()
    return data['inputs']['views'], losses, calls


def coarse_places(view, coords, stride):
    """By loops: the mean place of the recording of the voxels in each coarse voxel."""
    source = view.at_voxels('source_xyz').double()
    inside = {}
    for place, fine in zip(source, view.voxels.coords.tolist()):
        corner = (fine[0], *(axis // stride * stride for axis in fine[1:]))
        inside.setdefault(corner, []).append(place)
    return torch.stack([torch.stack(inside[tuple(row)]).mean(dim=0) for row in coords.tolist()])


def term_by_loops(pairs):
    """The mean over samples and views of the mean cross-entropy of rows with the nearest row in reach."""
    taught, rows = [], []
    for number, (own, other) in enumerate(pairs):
        for cosines, place, sample in zip(*own):
            distance = (other[1] - place).norm(dim=1)
            distance[other[2] != sample] = math.inf
            if len(distance) and distance.min() <= RADIUS:
                taught.append(other[0][distance.argmin()])
                rows.append((cosines, (number, int(sample))))
    assigned = sinkhorn(torch.stack(taught).double() / TEMPERATURES[1])
    sums = {}
    for (cosines, group), q in zip(rows, assigned):
        entropy = -(q * (cosines.double() / TEMPERATURES[0]).log_softmax(dim=0)).sum()
        sums.setdefault(group, []).append(float(entropy))
    assert len(sums) > 1
    return sum(sum(values) / len(values) for values in sums.values()) / len(sums), len(rows)


def test_terms_are_those_of_loops_over_the_places_of_coarse_voxels():
    model = build(weights=dict(masked=0.5, rolled=0.3, local=2.0))
    views, losses, calls = run(model, batch_of())

    def rows(views, head, backbone):
        """Of each view: cosines, places, samples, of the level after the finest one."""
        (_, cosines), voxels = head, backbone[1][1][1]
        view_of_row = voxels.coords[:, 0] // 2
        for number, view in enumerate(views):
            own = view_of_row == number
            coords = voxels.coords[own] - voxels.coords.new_tensor([2 * number, 0, 0, 0])
            place = coarse_places(view, coords, voxels.stride)
            yield cosines.detach()[own], place, coords[:, 0]

    (of_masked, of_local), (of_teacher,) = calls['backbone'], calls['teacher']
    masked = list(rows(views[:2], *calls['masked'], of_masked))
    taught = list(rows(views[:2], *calls['taught'], of_teacher))
    local = list(rows(views[2:], *calls['local'], of_local))
    assert len(masked) == len(taught) == len(local) == 2
    terms = dict(
        masked=(0.5, list(zip(masked, taught))),
        rolled=(0.3, list(zip(masked, taught[::-1]))),
        local=(2.0, [(part, taught[0]) for part in local]),
    )
    total = 0
    for name, (weight, pairs) in terms.items():
        expected, count = term_by_loops(pairs)
        assert losses[f'loss_{name}'].item() == pytest.approx(weight * expected, rel=1e-4), name
        total += count
    assert losses['pairs_per_sample'] == total / 2
    assert losses['loss_masked'].item() / 0.5 != pytest.approx(losses['loss_rolled'].item() / 0.3, rel=1e-3)


def test_the_teacher_sees_crops_whole_and_the_student_global_ones_masked_and_local_ones_whole():
    model = build()
    views, _, calls = run(model, batch_of())
    ((taught, whole),), ((masked, cut), (local, small)) = (
        [taken for taken, _ in calls[name]] for name in ('teacher', 'backbone')
    )
    masks = [mask for _, mask in calls['masker']]
    for feats, voxels, own in (
        (taught, whole, views[:2]),
        (masked, cut, views[:2]),
        (local, small, views[2:]),
    ):
        assert voxels.batch_size == 4
        assert torch.equal(voxels.coords[:, 1:], torch.cat([view.voxels.coords[:, 1:] for view in own]))
        assert len(feats) == len(voxels)
    assert torch.equal(taught, torch.cat([view.feats for view in views[:2]]))
    assert torch.equal(local, torch.cat([view.feats for view in views[2:]]))
    mask = torch.cat(masks)
    assert 0 < mask.sum() < len(mask)
    assert torch.equal(masked[mask], model.token.expand(int(mask.sum()), -1))
    assert torch.equal(masked[~mask], taught[~mask])
    assert bool((cut.signals['rgb'][mask] == 0).all())
    assert torch.equal(whole.signals['rgb'], torch.cat([view.voxels.signals['rgb'] for view in views[:2]]))


def test_gradients_reach_all_but_the_teacher_which_follows_the_masked_head():
    model = build()
    _, losses, _ = run(model, batch_of())
    sum(value for name, value in losses.items() if 'loss' in name).backward()
    for part in ('backbone.stem', 'masked_head', 'local_head'):
        weights = [weight for name, weight in model.named_parameters() if name.startswith(part)]
        assert max(float(weight.grad.abs().max()) for weight in weights) > 0, part
    assert model.token.grad.abs().max() > 0
    assert all(weight.grad is None for weight in model.teacher.parameters())
    with torch.no_grad():
        model.masked_head.prototypes += 1
        model.local_head.prototypes += 5
    before = model.teacher.networks['masked_head'].prototypes.clone()
    model.teacher.momentum = 0.75
    model.teacher.follow(model)
    moved = model.teacher.networks['masked_head'].prototypes - before
    torch.testing.assert_close(moved, torch.full_like(moved, 0.25))


def test_without_local_crops_there_is_no_local_term_and_nothing_of_weight_0():
    _, losses, _ = run(build(weights=dict(rolled=0)), batch_of(num_local=0))
    assert [name for name in losses if 'loss' in name] == ['loss_masked']


def test_crops_that_share_no_place_cost_nothing():
    batch = batch_of()
    for number, view in enumerate(batch['inputs']['views']):
        view['per_point']['source_xyz'] = [part + 100 * number for part in view['per_point']['source_xyz']]
    _, losses, _ = run(build(), batch)
    assert (
        losses['loss_rolled'] == losses['loss_local'] == losses['assigned_local'] == 0 < losses['loss_masked']
    )
    (losses['loss_rolled'] + losses['loss_local']).backward()


def test_the_image_term_reads_the_levels_of_the_masked_principal_crop():
    model = build(image=dict(type='MeanFeature'))
    views, losses, calls = run(model, batch_of())
    levels, inputs = model.image.given
    assert inputs['view'] is views[0]
    for (feats, voxels), (all_feats, all_voxels) in zip(levels.encoder, calls['backbone'][0][1]):
        principal = all_voxels.coords[:, 0] < 2
        assert torch.equal(feats, all_feats[principal])
        assert torch.equal(voxels.coords, all_voxels.coords[principal]) and voxels.batch_size == 2
    assert 'loss_image' in losses


def test_a_collapsed_teacher_shows_in_what_is_logged():
    model = build()
    _, healthy, _ = run(model, batch_of())
    last = model.teacher.networks['masked_head'].embedding[-1]
    last.weight.zero_()
    last.bias.fill_(1)
    _, collapsed, _ = run(model, batch_of())
    assert healthy['teacher_spread'] > 0.1 and collapsed['teacher_spread'] < 1e-3
    assert collapsed['prototypes_used'].item() == pytest.approx(1 / 5)
    assert healthy['prototypes_used'] > 0.21
    for term in ('masked', 'rolled', 'local'):
        assert collapsed[f'assigned_{term}'].item() == pytest.approx(math.log(5), abs=1e-4)
        assert healthy[f'assigned_{term}'] < math.log(5) - 0.2


def test_use_of_prototypes_is_1_of_equal_shares_and_one_over_k_of_one():
    assert perplexity(torch.arange(12) % 4, 4).item() == pytest.approx(1.0)
    assert perplexity(torch.zeros(12, dtype=torch.int64), 4).item() == pytest.approx(0.25)
    assert perplexity(torch.arange(12) % 2, 4).item() == pytest.approx(0.5)


def test_arguments_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match='num_global must be at least 2, got 1'):
        build(num_global=1)
    with pytest.raises(
        ValueError, match=r"weights may name \['local', 'masked', 'rolled'\], got \['other'\]"
    ):
        build(weights=dict(other=1))
    with pytest.raises(ValueError, match='views must hold 3 global crops, got 2'):
        run(build(num_global=3), batch_of(num_local=0))
