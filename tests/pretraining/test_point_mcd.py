"""PointMCD: codes of views against descriptors, what is masked, and what is trained."""

import copy

import pytest
import torch
from mmdet3d.registry import MODELS
from tiny_pretraining import tiny_student
from torch import nn

from swin3d_mmdet3d.structures import coarse_rows

SIZE, CHANNELS = (12, 16), 12


class LastOfTwo(nn.Module):
    """A map at a quarter, behind one that nothing reads."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, CHANNELS, 4, stride=4)
        self.norm = nn.BatchNorm2d(CHANNELS)

    def forward(self, images):
        return images, self.norm(self.conv(images))


MODELS.register_module(module=LastOfTwo, force=True)


def tiny_detector():
    """A TR3D on the backbone of the tiny student."""
    return dict(
        type='VoxelDetector',
        data_preprocessor=dict(type='VoxelPreprocessor', voxel_size=0.2),
        backbone=tiny_student()['backbone'],
        neck=dict(type='SparseTR3DNeck', in_channels=[16, 16, 32], out_channels=8),
        bbox_head=dict(type='SparseTR3DHead', in_channels=8, label2level=[0, 1], pts_center_threshold=6),
    )


def with_objective(level='decoder.0', width=16, model=None, **changes):
    segmentor = dict(
        type='VoxelSegmentor',
        data_preprocessor=dict(type='VoxelPreprocessor', voxel_size=0.2),
        decode_head=dict(type='VoxelSegHead', in_channels=16, num_classes=5),
        **tiny_student(),
    )
    objective = dict(
        type='PointMCD',
        image=dict(type='FrozenImageTeacher', backbone=dict(type='LastOfTwo'), out_indices=(0, 1)),
        head=dict(type='ProjectionHead', in_channels=width, out_channels=CHANNELS, num_layers=2),
        level=level,
        **changes,
    )
    torch.manual_seed(0)
    return MODELS.build(dict(type='WithObjectives', model=model or segmentor, objectives=[objective]))


def batch(images=2, matches=60):
    """Two scenes; pixels of the first two images of each show points."""
    generator = torch.Generator().manual_seed(0)

    def random(*shape):
        return torch.rand(*shape, generator=generator)

    points = [random(200, 6) * torch.tensor([2.0, 2, 1, 1, 1, 1]) for _ in range(2)]
    match = dict(
        image=[torch.randint(0, 2, (matches,), generator=generator) for _ in points],
        pixel=[(random(matches, 2) * torch.tensor(SIZE[::-1])).floor() for _ in points],
        point=[torch.randint(0, 150, (matches,), generator=generator) for _ in points],
    )
    pictures = [(random(2, 3, *SIZE) * 255).byte() for _ in points]
    more = [torch.cat([own, own[:1].expand(images - 2, -1, -1, -1)]) for own in pictures]
    return dict(inputs=dict(points=points, per_image=dict(images=more), per_match=match), data_samples=[])


def loss_of(model, data, levels=None):
    """The objective's loss alone, the levels it was given, and the inputs."""
    inputs = model.data_preprocessor(copy.deepcopy(data), True)['inputs']
    if levels is None:
        levels = model.model.encode(inputs)
    return model.objectives[0](levels, inputs, [])['loss_views'], levels, inputs


@pytest.mark.parametrize('grid', [(1, 1), (3, 2)])
@pytest.mark.parametrize('mode', ['max', 'mean'])
@pytest.mark.parametrize('level, width', [('decoder.0', 16), ('encoder.1', 16), ('encoder.2', 32)])
def test_the_loss_is_that_of_a_loop_over_regions(level, width, mode, grid):
    model = with_objective(level, width, mode=mode, grid=grid, loss_weight=0.7).eval()
    own = model.objectives[0]
    with torch.no_grad():
        found, levels, inputs = loss_of(model, batch())
        view, (feats, coarse) = inputs['view'], levels[level]
        voxels = coarse_rows(view.voxels, coarse)[view.matches.voxel]
        maps = own.image(view.images)[1]
    height, width = (edge // parts for edge, parts in zip(SIZE, grid))
    errors = []
    for image in range(4):
        for row in range(grid[0]):
            for column in range(grid[1]):
                u, v = view.matches.pixel.long().t()
                inside = (view.matches.image == image) & (u // width == column) & (v // height == row)
                shown = voxels[inside].unique()
                if not len(shown):
                    continue
                pooled = feats[shown].amax(0) if mode == 'max' else feats[shown].mean(0)
                part = maps[image][
                    :,
                    row * height // 4 : (row + 1) * height // 4,
                    column * width // 4 : (column + 1) * width // 4,
                ]
                errors.append((own.head(pooled[None])[0] - part.mean((1, 2))).abs())
    assert len(errors) > 3
    torch.testing.assert_close(found, 0.7 * torch.stack(errors).mean())


def test_an_image_that_shows_nothing_is_no_target():
    model = with_objective().eval()
    with torch.no_grad():
        few, levels, _ = loss_of(model, batch())
        more, _, _ = loss_of(model, batch(images=3), levels)
    torch.testing.assert_close(few, more)


def test_voxels_that_no_pixel_shows_have_no_gradient_and_the_image_network_none():
    model = with_objective(grid=(3, 4)).train()
    before = copy.deepcopy(model.objectives[0].image.state_dict())
    loss, levels, inputs = loss_of(model, batch())
    (grad,) = torch.autograd.grad(loss, levels.finest[0], retain_graph=True)
    shown = torch.zeros(len(grad), dtype=torch.bool).index_fill(0, inputs['view'].matches.voxel, True)
    assert bool((grad[~shown] == 0).all()) and bool(grad[shown].any()) and not bool(shown.all())
    loss.backward()
    assert all(weight.grad is None for weight in model.objectives[0].image.parameters())
    after = model.objectives[0].image.state_dict()
    assert all(torch.equal(after[name], value) for name, value in before.items())


def test_without_a_match_the_loss_is_0_and_reaches_every_weight_of_the_head():
    model = with_objective().train()
    loss, _, _ = loss_of(model, batch(matches=0))
    loss.backward()
    assert loss == 0
    assert all(weight.grad is not None for weight in model.objectives[0].head.parameters())


def test_the_backbone_of_a_detector_is_taught_alike():
    segmentor, detector = (with_objective('encoder.1', model=model) for model in (None, tiny_detector()))
    detector.model.backbone.load_state_dict(segmentor.model.backbone.state_dict())
    detector.objectives = segmentor.objectives  # the frozen network is in no state dict
    of_segmentor, of_detector = (loss_of(model.eval(), batch())[0] for model in (segmentor, detector))
    torch.testing.assert_close(of_detector, of_segmentor)
    of_detector.backward()
    stem = list(detector.model.backbone.stem_layer.parameters())
    assert any(bool(weight.grad.any()) for weight in stem if weight.grad is not None)


def test_the_control_has_as_many_codes_and_others():
    losses, targets = [], []
    for shuffle in (False, True):
        model = with_objective(grid=(3, 4), shuffle=shuffle).eval()
        own = model.objectives[0]
        describe = own.descriptors
        own.descriptors = lambda images, describe=describe: targets.append(describe(images)) or targets[-1]
        losses.append(loss_of(model, batch())[0].detach())
        nn.init.zeros_(own.head.layers[-1].weight)  # a constant code is as far from descriptors in any order
        losses.append(loss_of(model, batch())[0].detach())
    assert losses[0] != losses[2]
    torch.testing.assert_close(losses[1], losses[3])
    assert all(torch.equal(target, targets[0]) for target in targets)
