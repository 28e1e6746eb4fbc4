"""The losses of Masked Scene Contrast against closed forms and float64 loops; mixing against the gradient."""

import math

import numpy as np
import pytest
import torch
from mmcv.transforms import Compose
from mmdet3d.registry import MODELS
from mmengine.dataset import pseudo_collate

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.datasets.transforms import PackPretrainInputs
from swin3d_mmdet3d.pretraining.heads import ColorReconstruction, NormalReconstruction
from swin3d_mmdet3d.structures.normal_points import NormalPoints

SIGNALS = ('xyz', 'rgb', 'normal')
SIZES = dict(
    channels=[16, 16, 32], num_heads=[2, 2, 4], window_sizes=[3, 3, 3], quant_size=2, signals=SIGNALS
)
VIEWS = [
    dict(type='GlobalRotScaleTrans', rot_range=[-3, 3], scale_ratio_range=[0.9, 1.1]),
    dict(type='PositiveShift'),
    dict(type='GridSample', voxel_size=0.2),
    dict(type='NormalizeColorSigned'),
]


def scene(seed, count=500):
    """A cloud on the faces of a box, with random colours and the faces' normals."""
    rng = np.random.default_rng(seed)
    axis, side = rng.integers(0, 3, count), rng.integers(0, 2, count)
    xyz = rng.uniform(0, 2, (count, 3))
    xyz[np.arange(count), axis] = side * 2.0
    normals = np.eye(3)[axis] * (side * 2 - 1)[:, None]
    return np.concatenate([xyz, rng.integers(0, 256, (count, 3)), normals], axis=1).astype(np.float32)


class Scenes:
    """A data set of one scene for Mix3D."""

    def __len__(self):
        return 1

    def get_data_info(self, index):
        return dict(points=NormalPoints.from_columns(torch.from_numpy(scene(99))))


MIX = [dict(type='Mix3D', pre_transform=[dict(type='CenterShift')], prob=1.0)]


def batch_of(first=VIEWS, second=VIEWS, samples=2):
    """Two views of clouds, out of the pipelines of each."""
    packed = []
    for number in range(samples):
        points = NormalPoints.from_columns(torch.from_numpy(scene(number)))
        np.random.seed(number)
        pipeline = [dict(type='SourceCoords'), dict(type='MakeViews', pipelines=[first, second])]
        packed.append(
            PackPretrainInputs().transform(Compose(pipeline)(dict(points=points, dataset=Scenes())))
        )
    return pseudo_collate(packed)


def build(ratio=0.4, radius=0.3, weights=(1.0, 1.0), temperature=0.4):
    torch.manual_seed(0)
    heads = zip(('ColorReconstruction', 'NormalReconstruction'), weights)
    return MODELS.build(
        dict(
            type='MaskedSceneContrast',
            data_preprocessor=dict(
                type='ViewPreprocessor', voxel_size=0.2, features=('rgb', 'normal', 'offset'), signals=SIGNALS
            ),
            backbone=dict(type='Swin3D', in_channels=9, depths=[1, 1, 1], out_indices=(0, 1, 2), **SIZES),
            neck=dict(type='Swin3DDecoder', attention=False, **SIZES),
            masker=dict(type='CrossCells', cell_size=0.3, ratio=ratio),
            matcher=dict(type='RadiusMatcher', radius=radius),
            criterion=dict(type='InfoNCE', temperature=temperature),
            reconstruction={
                head[:-14].lower(): dict(type=head, in_channels=16, loss_weight=weight)
                for head, weight in heads
            },
        )
    ).train()


def run(model, batch):
    """The views and losses of a batch, and what the parts were given: pairs, hidden rows and points."""
    given = {}

    def keep(name):
        return lambda module, taken, result: given.__setitem__(name, (taken, result))

    parts = dict(
        matcher=model.matcher, masker=model.masker, criterion=model.criterion, **model.reconstruction
    )
    handles = [part.register_forward_hook(keep(name)) for name, part in parts.items()]
    data = model.data_preprocessor(batch, True)
    torch.manual_seed(0)
    losses = model(**data, mode='loss')
    for handle in handles:
        handle.remove()
    return data['inputs']['views'], losses, given


def test_targets_are_the_augmented_colours_and_normals_of_the_hidden_voxels_of_both_views():
    views, _, given = run(build(), batch_of())
    masks = given['masker'][1]
    for name, columns in dict(color=slice(3, 6), normal=slice(6, 9)).items():
        (feats, points), _ = given[name]
        true = torch.cat([view.feats[mask] for view, mask in zip(views, masks)])
        assert torch.equal(points[:, columns], true[:, columns.start - 3 : columns.stop - 3])
        assert len(feats) == sum(int(mask.sum()) for mask in masks) > 50


@pytest.mark.parametrize('weight', [1.0, 0.3])
def test_reconstruction_losses_are_those_of_a_loop_over_hidden_voxels(weight):
    _, losses, given = run(build(weights=(weight, weight)), batch_of())
    color = normal = 0.0
    for name in ('color', 'normal'):
        ((feats, points), _), model = given[name], build()
        weights = [p.detach().double() for p in model.reconstruction[name].linear.parameters()]
        for feat, point in zip(feats.detach().double(), points.double()):
            guess = weights[0] @ feat + weights[1]
            if name == 'color':
                color += sum((a - b) ** 2 for a, b in zip(guess.tolist(), point[3:6].tolist())) / len(feats)
            else:
                dot = sum(a * b for a, b in zip(guess.tolist(), point[6:9].tolist()))
                normal += (1 - dot / math.sqrt(float(guess @ guess) * float(point[6:9] @ point[6:9]))) / len(
                    feats
                )
    assert losses['loss_color'].item() == pytest.approx(weight * color, rel=1e-5)
    assert losses['loss_normal'].item() == pytest.approx(weight * normal, rel=1e-5)


def test_descending_the_normal_loss_turns_predictions_towards_the_normals():
    head, feats = NormalReconstruction(4), torch.randn(50, 4, generator=torch.Generator().manual_seed(0))
    normal = torch.nn.functional.normalize(feats[:, :3] + 0.1, dim=1)
    points = torch.cat([torch.zeros(50, 6), normal], dim=1)
    optimiser = torch.optim.Adam(head.parameters(), lr=0.1)
    for _ in range(100):
        optimiser.zero_grad()
        head(feats, points).backward()
        optimiser.step()
    cosines = torch.nn.functional.cosine_similarity(head.linear(feats), normal, dim=1)
    assert cosines.min() > 0.9


def test_perfect_and_opposite_predictions():
    points = torch.cat([torch.zeros(20, 3), torch.rand(20, 3) * 2 - 1, torch.randn(20, 3)], dim=1)
    for head, columns, opposite in (
        (ColorReconstruction(3), slice(3, 6), None),
        (NormalReconstruction(3), slice(6, 9), 2.0),
    ):
        torch.nn.init.eye_(head.linear.weight)
        torch.nn.init.zeros_(head.linear.bias)
        assert head(points[:, columns], points).item() == pytest.approx(0, abs=1e-6)
        if opposite:
            assert head(-points[:, columns], points).item() == pytest.approx(opposite, abs=1e-6)
        assert head(points[:0, columns], points[:0]).item() == 0
    with pytest.raises(ValueError, match='points must have columns up to 8 for NormalReconstruction, got 6'):
        NormalReconstruction(3)(points[:, :3], points[:, :6])


def test_the_control_reconstructs_the_points_of_other_voxels():
    points = torch.cat([torch.zeros(500, 3), torch.rand(500, 3) * 2 - 1], dim=1)
    for shuffle in (False, True):
        head = ColorReconstruction(3, shuffle=shuffle)
        torch.nn.init.eye_(head.linear.weight)
        torch.nn.init.zeros_(head.linear.bias)
        # the squared distance of two uniform colours is 3 (2 / 3) on average
        assert head(points[:, 3:], points).item() == pytest.approx(2.0 if shuffle else 0.0, abs=0.3)


def test_contrast_is_the_cross_entropy_of_the_similarities_of_the_pairs():
    views, losses, given = run(build(temperature=0.25), batch_of())
    rows, others = given['matcher'][1]
    (query, key, _), _ = given['criterion']
    query, key = query[rows], key[others]
    assert len(rows) > 100 and losses['pairs_per_sample'].item() == len(rows) / 2
    query, key = (torch.nn.functional.normalize(feats.detach().double(), dim=1) for feats in (query, key))
    similarity = query @ key.t() / 0.25
    expected = (similarity.logsumexp(dim=1) - similarity.diagonal()).mean()
    assert losses['loss_contrast'].item() == pytest.approx(expected.item(), rel=1e-5)
    masks = given['masker'][1]
    shown = ~masks[0][rows] & ~masks[1][others]
    assert 0 < int(shown.sum()) < len(rows)  # hidden voxels are paired, too
    assert losses['hidden_share'].item() == pytest.approx(torch.cat(masks).double().mean().item())


def test_views_that_share_no_place_and_hide_nothing_have_losses_of_0_that_reach_every_weight():
    batch = batch_of()
    for source in batch['inputs']['views'][1]['per_point']['source_xyz']:
        source += 100
    model = build(ratio=0.0)
    _, losses, _ = run(model, batch)
    total = sum(value for name, value in losses.items() if 'loss' in name)
    total.backward()
    assert total.item() == 0 and losses['pairs_per_sample'] == 0 and 'point_spread' not in losses
    assert all(weight.grad is not None and bool((weight.grad == 0).all()) for weight in model.parameters())


@pytest.mark.parametrize('mixed', [True, False])
def test_mixing_lets_voxels_of_two_scenes_attend_to_each_other(mixed):
    model = build(ratio=0.0)
    model.eval()  # batch norms would join the samples of a batch
    batch = batch_of(first=[*MIX, *VIEWS] if mixed else VIEWS)
    view = model.data_preprocessor(batch, True)['inputs']['views'][0]
    feats = view.feats.clone().requires_grad_()
    levels = model.neck.pyramid(model.backbone(feats, view.voxels))
    foreign = view.at_voxels('source_xyz').isnan().any(dim=1)
    first = view.voxels.coords[:, 0] == 0
    own, others = (first & ~foreign, first & foreign) if mixed else (first, ~first)
    assert own.sum() > 100 and others.sum() > 100
    levels[0][0][own].sum().backward()
    assert feats.grad[own].abs().max() > 0
    assert (feats.grad[others].abs().max() > 0) == mixed


@pytest.mark.slow
def test_colours_of_hidden_voxels_are_learnt_from_those_of_visible_ones():
    # each scene of each step has one colour, drawn anew: what is constant errs by 3 / 3 on average
    model = build()
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    generator, history = torch.Generator().manual_seed(0), []
    for _ in range(150):
        batch = batch_of()
        colors = torch.rand(2, 3, generator=generator) * 2 - 1
        for view in batch['inputs']['views']:
            for points, color in zip(view['points'], colors):
                points[:, 3:6] = color
        _, losses, _ = run(model, batch)
        optimiser.zero_grad()
        sum(value for name, value in losses.items() if 'loss' in name).backward()
        optimiser.step()
        history.append(losses['loss_color'].item())
    assert np.mean(history[-20:]) < 0.7


def test_strangers_are_neither_paired_nor_hidden_nor_reconstructed():
    views, _, given = run(build(), batch_of(first=[*MIX, *VIEWS]))
    foreign = views[0].at_voxels('source_xyz').isnan().any(dim=1)
    rows, _ = given['matcher'][1]
    assert foreign.sum() > 100
    assert not bool(foreign[rows].any()) and not bool(given['masker'][1][0][foreign].any())
