"""I2P-MAE on objects against closed forms and float64 loops."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from mmdet3d.registry import MODELS
from mmdet3d.structures import DepthPoints
from tiny_objects import TINY_TRANSFORMER
from tiny_pretraining import TinyImageBackbone  # noqa: F401  registers it
from torch import nn
from torch.nn.functional import interpolate

from swin3d_mmdet3d.datasets.transforms import NormalizeUnitSphere, PackObjectInputs, RenderAxisViews
from swin3d_mmdet3d.pretraining.heads.view_sampling import sample_views

SIZE = 32


def build(**changes):
    torch.manual_seed(0)
    settings = dict(
        type='I2PMAEObject',
        backbone=TINY_TRANSFORMER,
        decoder=dict(type='TokenDecoder', channels=(16, 12), depths=(1, 1), num_heads=2, drop_path_rate=0.0),
        teacher=dict(type='FrozenImageTeacher', backbone=dict(type='TinyImageBackbone'), out_indices=(1,)),
        saliency=dict(type='ActivationSaliency'),
        masker=dict(type='SalientCells', visible=0.34),
        feature_channels=12,
    )
    return MODELS.build({**settings, **changes})


def sample(seed=0, points=60):
    xyz = torch.randn(points, 3, generator=torch.Generator().manual_seed(seed))
    results = dict(points=DepthPoints(xyz), gt_label=seed, object_name=f'thing_{seed}')
    for step in (NormalizeUnitSphere(), RenderAxisViews(SIZE), PackObjectInputs()):
        results = step(results)
    return results


def batch(model, *seeds, points=60):
    packed = [sample(seed, points) for seed in seeds]
    inputs = {name: [one['inputs'][name] for one in packed] for name in packed[0]['inputs']}
    return model.data_preprocessor(dict(inputs=inputs), True)['inputs']


def test_views_are_read_as_a_bicubic_enlargement_at_the_pixels():
    maps = torch.randn(6, 4, 5, 7, dtype=torch.float64)
    pixels = torch.stack([torch.randint(0, 21, (2, 3, 9)), torch.randint(0, 15, (2, 3, 9))], dim=3)
    found = sample_views(maps, pixels, torch.Size([15, 21]))
    large = interpolate(maps, size=(15, 21), mode='bicubic', align_corners=False).unflatten(0, (2, 3))
    for item in range(2):
        for view in range(3):
            u, v = pixels[item, view].unbind(1)
            torch.testing.assert_close(found[item, view], large[item, view][:, v, u].t())


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_maps_of_16_bits_are_read_at_whole_pixels(dtype):
    maps = torch.randn(1, 2, 15, 20, generator=torch.Generator().manual_seed(0)).to(dtype)
    pixels = torch.stack([torch.arange(300, 640), torch.arange(340)], dim=1)[None, None].float()
    found = sample_views(maps, pixels, torch.Size([480, 640]))
    expected = sample_views(maps.double(), pixels, torch.Size([480, 640]))
    assert found.dtype == dtype
    assert (found - expected).abs().max() <= torch.finfo(dtype).eps * expected.abs().max()


def test_a_map_painted_with_its_pixels_gives_each_point_its_pixel_back():
    inputs = sample()['inputs']
    rows, columns = torch.meshgrid(torch.arange(SIZE), torch.arange(SIZE), indexing='ij')
    painted = torch.stack([columns, rows]).float().expand(3, -1, -1, -1)
    found = sample_views(painted, inputs['pixels'][None], torch.Size([SIZE, SIZE]))
    assert float((found[0] - inputs['pixels']).abs().max()) < 1e-3


class Echo(nn.Module):
    """A head that predicts what it is told."""

    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def forward(self, feats):
        return self.answer.clone() + feats.sum() * 0


class Always(nn.Module):
    """A masker that shows the same tokens of every object."""

    def __init__(self, visible):
        super().__init__()
        self.visible = visible

    def forward(self, saliency, ptr):
        return self.visible.repeat(len(ptr) - 1)


def test_losses_are_those_of_loops_and_zero_for_perfect_predictions():
    model = build().double().eval()
    points = torch.randn(2, 60, 3, dtype=torch.float64)
    tokens = model.backbone.tokenize(points)
    visible = torch.zeros(2, 6, dtype=torch.bool)
    visible[0, 2] = visible[1, :2] = True
    levels = model.backbone(tokens, visible)
    own, feats = levels[1], model.decoder(levels)
    target = torch.randn(2, 24, 36, dtype=torch.float64)

    predicted = model.point_head(feats).detach()
    total, hidden = 0.0, (~own.visible).nonzero().tolist()
    for item, token in hidden:
        gap = torch.cdist(predicted[item, token].view(4, 3), own.tokens.groups[item, token]).square()
        total += float(gap.amin(0).mean() + gap.amin(1).mean())
    found = model._point_loss(feats, own).item()
    assert found == pytest.approx(total / len(hidden), rel=1e-9)

    predicted = model.feature_head(feats).detach()
    errors = []
    for item, token in own.visible.nonzero().tolist():
        members = target[item, own.tokens.index[item, token]].flatten()
        errors.append(float((predicted[item, token] - members).square().mean()))
    found = model._feature_loss(feats, own, target).item()
    assert found == pytest.approx(sum(errors) / len(errors), rel=1e-9)

    model.point_head = Echo(own.tokens.groups[~own.visible].flatten(1))
    clouds = torch.arange(2)[:, None, None]
    model.feature_head = Echo(target[clouds, own.tokens.index][own.visible].flatten(1))
    assert model._point_loss(feats, own).item() == 0 == model._feature_loss(feats, own, target).item()


def test_targets_are_the_teachers_features_at_the_members_view_after_view():
    model = build().eval()
    inputs = batch(model, 0, 1)
    tokens = model.backbone.tokenize(inputs['points'])
    maps = model.teacher(inputs['images'].flatten(0, 1))
    found = model._features(maps[0], tokens, inputs['pixels'], torch.Size([SIZE, SIZE]))
    assert found.shape == (2, 24, 36)
    large = interpolate(maps[0], size=(SIZE, SIZE), mode='bicubic', align_corners=False).unflatten(0, (2, 3))
    for item, token, view in ((0, 3, 0), (1, 23, 2), (1, 0, 1)):
        u, v = inputs['pixels'][item, view, tokens[0].point[item, token]].tolist()
        wanted = large[item, view, :, v, u]
        torch.testing.assert_close(
            found[item, token, 12 * view : 12 * view + 12], wanted, atol=1e-4, rtol=1e-4
        )
    model.normalize_features = True
    scaled = model._features(maps[0] * 7 + 3, tokens, inputs['pixels'], torch.Size([SIZE, SIZE])).unflatten(
        2, (3, 12)
    )
    torch.testing.assert_close(scaled.mean(3), torch.zeros(2, 24, 3), atol=1e-5, rtol=0)
    torch.testing.assert_close(scaled.std(3, unbiased=False), torch.ones(2, 24, 3), atol=1e-3, rtol=0)


def test_tokens_whose_images_are_salient_are_shown():
    model = build(masker=dict(type='SalientCells', visible=0.34, temperature=1e-3)).eval()
    inputs = batch(model, 0, 1)
    coarse = model.backbone.tokenize(inputs['points'])[-1]
    saliency = torch.randn(6, 1, 4, 4)
    visible = model._choose(saliency, coarse, inputs['pixels'], torch.Size([SIZE, SIZE]))
    assert visible.sum(1).tolist() == [2, 2]
    large = interpolate(saliency, size=(SIZE, SIZE), mode='bicubic', align_corners=False)[:, 0]
    for item in range(2):
        value = [
            sum(
                float(large[3 * item + view][tuple(inputs['pixels'][item, view, point].flip(0))])
                for view in range(3)
            )
            for point in coarse.point[item]
        ]
        best = sorted(range(6), key=lambda token: -value[token])[:2]
        assert sorted(best) == visible[item].nonzero().flatten().tolist()


def test_the_paper_shows_13_of_64_tokens():
    masker = MODELS.build(dict(type='SalientCells', visible=13 / 64))
    visible = masker(torch.randn(128), torch.tensor([0, 64, 128]))
    assert visible.view(2, 64).sum(1).tolist() == [13, 13]


def test_the_gradient_reaches_the_stem_and_both_heads_and_never_the_teacher():
    model = build()
    losses = model(batch(model, 0, 1), mode='loss')
    for name, part in (('loss_points', model.point_head), ('loss_features', model.feature_head)):
        model.zero_grad()
        losses[name].backward(retain_graph=True)
        stem = [weight.grad for weight in model.backbone.stem.parameters()]
        assert all(weight.grad.abs().sum() > 0 for weight in part.parameters())
        assert any(grad is not None and float(grad.abs().sum()) > 0 for grad in stem)
        assert all(weight.grad is None for weight in model.teacher.parameters())


def test_an_object_alone_has_the_loss_of_two_copies_of_it():
    model = build().eval()
    one = torch.zeros(6, dtype=torch.bool)
    one[[1, 4]] = True
    model.masker = Always(one)
    alone, two = (model(batch(model, *seeds), mode='loss') for seeds in ((3,), (3, 3)))
    for name in alone:
        torch.testing.assert_close(alone[name], two[name], atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize('points', [1, 2, 7])
def test_objects_of_hardly_any_points_have_finite_losses_and_gradients(points):
    model = build()
    losses = model(batch(model, 0, points=points), mode='loss')
    sum(losses.values()).backward()
    assert all(bool(loss.isfinite()) for loss in losses.values())
    assert all(bool(w.grad.isfinite().all()) for w in model.parameters() if w.grad is not None)


def test_mixed_precision_has_finite_losses_near_those_of_full_precision():
    model = build().eval()
    inputs = batch(model, 0, 1)
    model.masker = Always(torch.tensor([True, False, False, True, False, False]))
    full = model(inputs, mode='loss')
    with torch.autocast('cpu', torch.bfloat16):
        mixed = model(inputs, mode='loss')
    sum(mixed.values()).backward()
    for name in full:
        torch.testing.assert_close(mixed[name].float(), full[name], rtol=0.05, atol=0.01)


def test_the_logged_distance_is_that_of_predictions_at_the_centres():
    model = build().eval()
    inputs = batch(model, 0, 1)
    model.masker = Always(torch.tensor([True, False, False, True, False, False]))
    for weight in model.point_head.parameters():
        weight.data.zero_()
    losses = model(inputs, mode='loss')
    torch.testing.assert_close(losses['points_at_centers'], losses['loss_points'].detach())


def test_objects_without_images_are_named():
    model = build()
    with pytest.raises(ValueError, match='inputs must have images and pixels'):
        model(dict(points=torch.rand(1, 20, 3)), mode='loss')


def test_predictions_follow_hidden_tokens_in_any_order_and_do_not_read_them():
    decoder = build(
        decoder=dict(type='TokenDecoder', channels=(16,), depths=(1,), num_heads=2)
    ).decoder.eval()
    tokens = SimpleNamespace(xyz=torch.randn(1, 6, 3))
    visible = torch.tensor([[True, False, True, False, False, False]])
    feats = torch.randn(1, 6, 16) * visible[..., None]
    level = SimpleNamespace(feats=feats, visible=visible, tokens=tokens)
    found = decoder([level])
    order = torch.tensor([2, 4, 0, 5, 3, 1])
    moved = SimpleNamespace(xyz=tokens.xyz[:, order])
    permuted = SimpleNamespace(feats=feats[:, order], visible=visible[:, order], tokens=moved)
    torch.testing.assert_close(decoder([permuted]), found[:, order], atol=1e-6, rtol=1e-5)
    secret = SimpleNamespace(
        feats=torch.where(visible[..., None], feats, 9.0), visible=visible, tokens=tokens
    )
    assert torch.equal(decoder([secret]), found)


def test_features_for_the_svm_are_the_maximum_over_the_coarsest_tokens_of_the_whole_object():
    model = build().eval()
    inputs = batch(model, 0, 1)
    levels = model(inputs)
    samples = model(inputs, [SimpleNamespace(), SimpleNamespace()], mode='predict')
    for item, one in enumerate(samples):
        assert torch.equal(one.object_feature, levels[-1].feats[item].max(0).values)
    assert all(bool(own.visible[:, 0].all()) for own in levels[-1:])


def test_nothing_of_hidden_groups_reaches_the_decoder_but_their_places():
    model = build()
    tokens = model.backbone.tokenize(batch(model, 0, 1)['points'])
    visible = torch.zeros(2, 6, dtype=torch.bool)
    visible[0, 2] = visible[1, :2] = True
    levels = model.backbone(tokens, visible)
    changed = [
        replace(own, groups=torch.where(level.visible[..., None, None], own.groups, own.groups * -3 + 1))
        for own, level in zip(tokens, levels)
    ]
    assert torch.equal(model.decoder(model.backbone(changed, visible)), model.decoder(levels))


def test_the_student_is_the_backbone_alone():
    model = build()
    student = model.export()['student.pth']
    assert set(student) == {f'backbone.{name}' for name in model.backbone.state_dict()}
    with pytest.raises(ValueError, match="mode must be 'loss', 'tensor' or 'predict'"):
        model(batch(model, 0), mode='train')
