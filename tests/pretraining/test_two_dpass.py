"""2DPASS: gated fusion, the divergence from fused logits, and what each loss trains."""

import copy

import pytest
import torch
from mmdet3d.registry import MODELS
from mmdet3d.structures import Det3DDataSample, PointData
from tiny_pretraining import tiny_student
from torch import nn
from torch.nn.functional import cross_entropy, interpolate

from swin3d_mmdet3d.models.voxel_labels import majority_labels
from swin3d_mmdet3d.pretraining.heads import GatedFusion
from swin3d_mmdet3d.pretraining.objectives.two_dpass import divergence
from swin3d_mmdet3d.structures import coarse_rows

CLASSES, SIZE = 5, (12, 16)
LEVELS, WIDTHS = ('encoder.1', 'encoder.2'), (16, 32)


@MODELS.register_module(force=True)
class PooledImage(nn.Module):
    """The image itself at a half and a quarter."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, images):
        images = images.to(self.scale.dtype) / 255 * self.scale
        return tuple(nn.functional.avg_pool2d(images, factor) for factor in (2, 4))


def objective(kind='TwoDPASS', **changes):
    settings = dict(levels=LEVELS, in_channels=WIDTHS, num_classes=CLASSES, hidden_channels=8)
    if kind == 'TwoDPASS':
        settings.update(image=dict(type='PooledImage'), image_channels=(3, 3))
    return dict(dict(type=kind, **settings), **changes)


def with_objective(**changes):
    segmentor = dict(
        type='VoxelSegmentor',
        data_preprocessor=dict(type='VoxelPreprocessor', voxel_size=0.2),
        decode_head=dict(type='VoxelSegHead', in_channels=16, num_classes=CLASSES),
        **tiny_student(),
    )
    torch.manual_seed(0)
    return MODELS.build(dict(type='WithObjectives', model=segmentor, objectives=[objective(**changes)]))


def batch(num_matches=60, images=True):
    """Two labelled scenes with two images each."""
    generator = torch.Generator().manual_seed(0)

    def random(*shape):
        return torch.rand(*shape, generator=generator)

    points = [random(200, 6) * torch.tensor([2.0, 2, 1, 1, 1, 1]) for _ in range(2)]
    samples = []
    for _ in range(2):
        labels = torch.randint(0, CLASSES, (200,), generator=generator)
        labels[random(200) < 0.2] = 255
        samples.append(Det3DDataSample(gt_pts_seg=PointData(pts_semantic_mask=labels)))
    inputs = dict(points=points)
    if images:
        match = dict(
            image=[torch.randint(0, 2, (num_matches,), generator=generator) for _ in points],
            pixel=[(random(num_matches, 2) * torch.tensor(SIZE[::-1])).floor() for _ in points],
            point=[torch.randint(0, 200, (num_matches,), generator=generator) for _ in points],
        )
        inputs.update(
            per_image=dict(images=[(random(2, 3, *SIZE) * 255).byte() for _ in points]), per_match=match
        )
    return dict(inputs=inputs, data_samples=samples)


def inputs_of(model, data):
    data = model.data_preprocessor(copy.deepcopy(data), True)
    return data['inputs'], data['data_samples']


def losses_of(model, data):
    torch.manual_seed(1)
    inputs, samples = inputs_of(model, data)
    return model(inputs, samples, mode='loss')


def grads_of(loss, module):
    """Largest gradients of a loss at the weights of a module, by name."""
    names, weights = zip(*module.named_parameters())
    grads = torch.autograd.grad(loss, weights, allow_unused=True, retain_graph=True)
    return {name: 0.0 if grad is None else float(grad.abs().max()) for name, grad in zip(names, grads)}


def test_divergence_is_from_the_fused_logits_to_the_clouds_and_divided_by_the_classes():
    own, fused = torch.tensor([[0.9, 0.1]]).log(), torch.tensor([[0.5, 0.5]]).log().requires_grad_()
    assert divergence(own, fused).item() == pytest.approx(0.510826 / 2, abs=1e-5)
    assert divergence(fused, own).item() == pytest.approx(0.368064 / 2, abs=1e-5)
    assert divergence(fused, fused).item() == pytest.approx(0, abs=1e-7)
    own.requires_grad_()
    divergence(own, fused).backward()
    assert fused.grad is None
    torch.testing.assert_close(own.grad, torch.tensor([[0.2, -0.2]]))  # (softmax own - softmax fused) / K


def test_an_open_gate_halves_the_mixture_and_nothing_negative_passes():
    torch.manual_seed(0)
    fusion = GatedFusion(6, 4).double()
    nn.init.zeros_(fusion.gate.weight), nn.init.zeros_(fusion.gate.bias)
    image, point = torch.randn(20, 4).double(), torch.randn(20, 6).double()
    learnt = (point @ fusion.learner.weight.t() + fusion.learner.bias).clamp(min=0)
    mixed = torch.cat([image, learnt], dim=1) @ fusion.mix.weight.t() + fusion.mix.bias
    torch.testing.assert_close(fusion(image, point), mixed.clamp(min=0) / 2)
    nn.init.constant_(fusion.gate.bias, -1.0)
    torch.testing.assert_close(fusion(image, point), mixed.clamp(min=0) / (1 + torch.e))


def test_losses_are_those_of_a_loop_over_scales_and_pairs_in_float64():
    model = with_objective(
        criterion=dict(type='mmdet.CrossEntropyLoss', avg_non_ignore=True), fused_weight=0.7, kl_weight=0.3
    )
    own = model.objectives[0].double().eval()
    inputs, samples = inputs_of(model, batch())
    view, voxels = inputs['view'], inputs['voxels']
    with torch.no_grad():
        levels = model.double().model.encode(dict(inputs, feats=inputs['feats'].double()))
        torch.manual_seed(3)
        found = own(levels, inputs, samples)
        torch.manual_seed(3)
        pairs = own.matcher(view.matches)
    points = torch.cat([sample.gt_pts_seg.pts_semantic_mask for sample in samples])
    labels = points[view.representative]
    wanted = dict(loss_deep=0.0, loss_fused=0.0, loss_kl=0.0)
    together = []
    for scale, name in enumerate(LEVELS):
        feats, coarse = levels[name]
        row = coarse_rows(voxels, coarse)
        majority = majority_labels(labels, row, len(feats), CLASSES, 255)
        logits = own.classifiers[scale](feats)
        wanted['loss_deep'] += cross_entropy(logits, majority, ignore_index=255)
        convolved = own.projections[scale].convs[0](own.image(view.images)[scale])
        large = interpolate(convolved, SIZE, mode='bilinear', align_corners=False)
        fused = []
        for image, (u, v), voxel in zip(pairs.image, pairs.pixel.long(), pairs.voxel):
            pixel = large[image, :, v, u]
            fused.append(own.fusions[scale](pixel[None], feats[row[voxel]][None])[0])
        fused = torch.stack(fused)
        together.append(fused)
        teacher = own.fused_classifiers[scale](fused)
        wanted['loss_fused'] += 0.7 / 2 * cross_entropy(teacher, labels[pairs.voxel], ignore_index=255)
        p, q = teacher.softmax(1), logits[row[pairs.voxel]].softmax(1)
        wanted['loss_kl'] += 0.3 / 2 * (p * (p.log() - q.log())).mean()
    logits = own.fused_classifiers[-1](torch.cat(together, dim=1))
    wanted['loss_all_fused'] = cross_entropy(logits, labels[pairs.voxel], ignore_index=255)
    assert found.keys() == wanted.keys() and len(pairs) > 50
    for name, value in wanted.items():
        torch.testing.assert_close(found[name].double(), value, rtol=1e-6, atol=1e-7, msg=name)


def test_the_divergence_trains_the_clouds_side_alone_and_the_fused_losses_both_sides():
    model = with_objective().train()
    losses = losses_of(model, batch())
    fused_side = ('projections', 'fusions', 'fused_classifiers', 'image')
    by_kl = grads_of(losses['loss_kl'], model.objectives[0])
    assert all((grad > 0) == name.startswith('classifiers') for name, grad in by_kl.items())
    assert by_kl.keys() >= {'image.scale'}
    for name in ('loss_fused', 'loss_all_fused'):
        grads = grads_of(losses[name], model.objectives[0])
        last = 'fused_classifiers.2' if name == 'loss_fused' else 'fused_classifiers.1'
        reached = {key for key, grad in grads.items() if grad > 0}
        assert {key.split('.')[0] for key in reached} == set(fused_side)
        assert not any(key.startswith(last) for key in reached)
    for name in ('loss_kl', 'loss_fused', 'loss_deep'):
        assert max(grads_of(losses[name], model.model.backbone.stem_layer).values()) > 0, name


def test_without_a_match_the_rest_stays_and_every_weight_has_a_gradient():
    model = with_objective().train()
    full, none = (losses_of(model, batch(num_matches=count)) for count in (60, 0))
    for name in ('loss_seg', 'loss_deep'):
        torch.testing.assert_close(full[name], none[name], rtol=0, atol=0)
    assert none['loss_fused'] == none['loss_kl'] == none['loss_all_fused'] == 0
    model.parse_losses(none)[0].backward()
    assert all(weight.grad is not None for weight in model.parameters())


def test_deep_supervision_is_2dpass_without_images():
    whole, part = with_objective(), with_objective(kind='DeepSupervision')
    part.load_state_dict(whole.state_dict(), strict=False)
    losses = losses_of(part.train(), batch(images=False))
    torch.testing.assert_close(losses['loss_deep'], losses_of(whole.train(), batch())['loss_deep'])
    assert losses.keys() == {'loss_seg', 'loss_deep'}


@pytest.mark.parametrize('images', [True, False])
def test_predictions_are_the_plain_segmentors_to_the_bit(images):
    model = with_objective().train()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.01)
    model.parse_losses(losses_of(model, batch()))[0].backward()
    optimiser.step()
    with torch.no_grad():
        mine = model.eval().test_step(batch(images=images))
        plain = model.model.test_step(batch(images=False))
    for own, expected in zip(mine, plain):
        assert torch.equal(own.pts_seg_logits.pts_seg_logits, expected.pts_seg_logits.pts_seg_logits)


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match=r"in_channels must be one for each of \['encoder.1', 'encoder.2'\]"):
        MODELS.build(objective(in_channels=(16,)))
    with pytest.raises(ValueError, match='image_channels must be one for each of'):
        MODELS.build(objective(image_channels=(3,)))
