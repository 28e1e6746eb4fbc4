"""The losses of MM-3DScene against their definitions."""

import pytest
import torch
from mmdet3d.registry import HOOKS, MODELS
from tiny_pretraining import random_batch, tiny_student

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.structures import Levels

VOXEL = 0.2


def build(visible=(0.3, 0.8), gap=0.1, **changes):
    torch.manual_seed(0)
    settings = dict(
        type='MM3DScene',
        data_preprocessor=dict(type='ViewPreprocessor', voxel_size=VOXEL),
        masker=dict(type='InformativeVoxels', num_neighbors=8, visible=visible, gap=gap),
        folding=dict(type='FoldingHead', hidden_channels=16),
        channels=[16, 16, 32],
        **tiny_student(),
    )
    model = MODELS.build({**settings, **changes})
    model.init_weights()
    return model


def view_of(model, **batch):
    return model.data_preprocessor(random_batch(**batch), training=True)['inputs']['views'][0]


def masked(model, view):
    """Views of the visible voxels and of the target, of a masker without chance."""
    return (view.select(rows) for rows in model.masker(view))


def places(voxels, scene):
    own = voxels.coords[:, 0] == scene
    return voxels.signals['xyz'][own].double() * VOXEL


def chamfer(first, second):
    """By brute force, in float64."""
    distance = torch.cdist(first, second, compute_mode='donot_use_mm_for_euclid_dist')
    return (distance.amin(dim=1).mean() + distance.amin(dim=0).mean()) / 2


def nce(query, key, temperature=0.07):
    query, key = (torch.nn.functional.normalize(rows.double(), dim=1) for rows in (query, key))
    logits = query @ key.t() / temperature
    return (logits.logsumexp(dim=1) - logits.diagonal()).mean()


def constant_folding(model, offset):
    """Let every voxel unfold to the same offset, in edges of its level's voxels."""
    for head in model.folding:
        last = head.second.layers[-1]
        torch.nn.init.zeros_(last.weight)
        with torch.no_grad():
            last.bias.copy_(torch.tensor(offset))


@pytest.mark.parametrize('offset', [(0.0, 0.0, 0.0), (0.5, -0.25, 1.0)], ids=['none', 'some'])
def test_reconstruction_is_the_chamfer_distance_of_unfolded_voxels_and_target_by_brute_force(offset):
    model = build(visible=(0.5, 0.5)).eval()
    constant_folding(model, offset)
    view = view_of(model)
    visible, target = masked(model, view)
    losses = model.loss([view], None)
    levels = model.encode(visible).decoder
    assert torch.equal(levels[0][1].coords, visible.voxels.coords)
    for level, (_, voxels) in enumerate(levels):
        shift = torch.tensor(offset, dtype=torch.float64) * VOXEL * voxels.stride
        pairs = [(places(voxels, scene) + shift, places(target.voxels, scene)) for scene in range(2)]
        expected = sum(chamfer(*pair) for pair in pairs) / 2
        assert losses[f'chamfer_{level}'].item() == pytest.approx(expected.item(), rel=1e-5)
    total = sum(losses[f'chamfer_{level}'] for level in range(3))
    torch.testing.assert_close(losses['loss_reconstruction'], total)


def assert_consistent_with_itself(model, view, visible):
    """The consistency is that of the features of what is visible with themselves, over all scales."""
    expected = 0
    for feats, voxels in model.encode(visible).decoder:
        own = [feats[voxels.coords[:, 0] == scene] for scene in range(2)]
        expected = expected + sum(nce(rows, rows) for rows in own) / 2
    found = model.loss([view], None)['loss_consistency']
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)


def test_with_nothing_more_in_the_target_consistency_is_that_of_features_with_themselves():
    model = build(visible=(0.6, 0.6), gap=0.0).eval()
    view = view_of(model)
    visible, _ = masked(model, view)
    assert_consistent_with_itself(model, view, visible)


def test_voxels_are_compared_with_the_same_of_the_teacher_at_every_scale(monkeypatch):
    """Features that are codes of places: pairs of other voxels would have another loss."""
    model = build(visible=(0.4, 0.4), gap=0.4, channels=[64] * 3).eval()
    view = view_of(model)

    def coded(levels):
        generator = torch.Generator().manual_seed(0)
        codes = torch.randn(4, 64, generator=generator)
        return Levels((), tuple((torch.sin(v.coords.float() @ codes), v) for _, v in levels.decoder))

    for part in (model, model.teacher):
        encode = part.encode
        monkeypatch.setattr(part, 'encode', lambda shown, encode=encode: coded(encode(shown)))
    visible, target = masked(model, view)
    assert len(target.voxels) > 1.8 * len(visible.voxels)
    assert_consistent_with_itself(model, view, visible)


def test_losses_of_a_batch_are_means_over_its_scenes():
    model = build(visible=(0.5, 0.5)).eval()
    batch = random_batch()
    (packed,) = batch['inputs']['views']

    def losses_of(points):
        view = dict(points=points, per_point={}, per_image={}, per_match={}, ragged={})
        data = model.data_preprocessor(dict(inputs=dict(views=[view]), data_samples=None), training=True)
        losses = model(**data, mode='loss')
        return torch.stack([losses['loss_reconstruction'], losses['loss_consistency']])

    alone = [losses_of([points]) for points in packed['points']]
    assert not torch.allclose(*alone, rtol=1e-3)
    torch.testing.assert_close(losses_of(packed['points']), sum(alone) / 2, rtol=1e-4, atol=0)


def test_a_step_moves_the_teacher_towards_the_student_by_a_share_of_their_distance():
    model = build(momentum=0.9).train()
    optimiser = torch.optim.SGD([w for w in model.parameters() if w.requires_grad], lr=0.1)
    losses = model.loss([view_of(model)], None)
    (losses['loss_reconstruction'] + losses['loss_consistency']).backward()
    optimiser.step()
    student = dict(model.named_parameters())
    own = dict(model.teacher.networks.named_parameters())
    before = {name: (weight - student[name]).detach().clone() for name, weight in own.items()}
    HOOKS.build(dict(type='MomentumTeacherHook')).after_train_iter(type('Run', (), dict(model=model))(), 0)
    assert sum(float(gap.abs().sum()) for gap in before.values()) > 0
    for name, weight in own.items():
        torch.testing.assert_close(weight - student[name], 0.9 * before[name], rtol=1e-4, atol=1e-6, msg=name)


def test_consistency_trains_the_student_alone_and_reconstruction_its_heads_too():
    for name, trains_heads in (('loss_consistency', False), ('loss_reconstruction', True)):
        model = build().train()
        model.loss([view_of(model)], None)[name].backward()
        grads = {key: w.grad for key, w in model.named_parameters() if w.grad is not None}
        reached = {key for key, grad in grads.items() if bool((grad != 0).any())}
        assert any(key.startswith('backbone.stem') for key in reached)
        assert any(key.startswith('folding.2') for key in reached) == trains_heads
        assert not any(key.startswith('teacher') for key in grads)
        assert all(bool(grad.isfinite().all()) for grad in grads.values())


def test_so_many_voxels_of_a_scene_are_contrasted_at_most():
    model = build(max_pairs=7).train()
    rows = []
    model.criterion.register_forward_hook(lambda _, taken, __: rows.append(len(taken[0])))
    model.loss([view_of(model)], None)
    assert len(rows) == 3 * 2 and max(rows) == 7


def test_the_share_of_visible_voxels_is_logged():
    model = build(visible=(0.5, 0.5)).train()
    view = view_of(model)
    shown = sum(int(count) // 2 for count in view.voxels.ptr.diff())
    assert model.loss([view], None)['visible_share'].item() == pytest.approx(shown / len(view.voxels))


def test_a_backbone_with_levels_of_its_own_is_a_student_too():
    backbone = dict(
        type='SparseResUNet',
        in_channels=6,
        encoder_channels=(8, 12),
        decoder_channels=(12, 10),
        encoder_blocks=(1, 1),
        decoder_blocks=(1, 1),
        out_indices=(0, 1, 2),
    )
    model = build(backbone=backbone, neck=None, channels=[10, 12, 12]).train()
    losses = model.loss([view_of(model)], None)
    (losses['loss_reconstruction'] + losses['loss_consistency']).backward()
    assert bool((model.backbone.stem.weight.grad != 0).any())
    assert set(losses) >= {f'chamfer_{level}' for level in range(3)}


@pytest.mark.parametrize('num_points', [1, 2])
def test_scenes_of_a_voxel_or_two_have_losses(num_points):
    model = build().train()
    losses = model.loss([view_of(model, num_points=num_points)], None)
    total = losses['loss_reconstruction'] + losses['loss_consistency']
    total.backward()
    assert bool(total.isfinite())
    assert all(bool(w.grad.isfinite().all()) for w in model.parameters() if w.grad is not None)


def test_widths_that_are_not_those_of_the_scales_are_named():
    model = build(channels=[16, 16])
    with pytest.raises(ValueError, match='channels must name 3 scales, got 2'):
        model.loss([view_of(model)], None)
    with pytest.raises(ValueError, match='max_pairs must be at least 2, got 1'):
        build(max_pairs=1)
