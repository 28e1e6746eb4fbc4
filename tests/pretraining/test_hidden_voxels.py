"""Nothing of a hidden voxel reaches the network, by the parts that hide and in every masked method."""

import pytest
import torch
from hidden_voxels import SHOW_POSITIONS, same, watched_step, with_other_points
from mmdet3d.registry import MODELS
from mmengine.config import Config
from shrunk_methods import ROOMS, build, first_batch, shrink, write_rooms
from torch import nn

from swin3d_mmdet3d.pretraining import BasePretrainer
from swin3d_mmdet3d.pretraining.maskers import hide_voxels
from swin3d_mmdet3d.structures.cloud_view import CloudView

SIGNALS = ('xyz', 'rgb', 'normal')
SIZES = dict(
    channels=[16, 16, 32], num_heads=[2, 2, 4], window_sizes=[3, 3, 3], quant_size=2, signals=SIGNALS
)
PREPROCESSOR = dict(
    type='ViewPreprocessor', voxel_size=0.2, features=('rgb', 'normal', 'offset'), signals=SIGNALS
)


def by_token(view, mask, token):
    return hide_voxels(view, mask, token)


def by_dropping(view, mask, token):
    return view.select((~mask).nonzero().flatten())


def features_alone(view, mask, token):
    hidden = hide_voxels(view, mask, token)
    return CloudView(**{**vars(hidden), 'voxels': view.voxels})


def nothing(view, mask, token):
    return view


class Masked(BasePretrainer):
    """A method that hides voxels in a way of choice."""

    def __init__(self, hide, **kwargs):
        super().__init__(**kwargs)
        self.masker = MODELS.build(dict(type='RandomCells', cell_size=0.4, ratio=0.5))
        self.token, self.hide = nn.Parameter(torch.randn(9)), hide

    def loss(self, views, data_samples):
        shown = self.hide(views[0], self.masker(views[0]), self.token)
        return dict(loss=self.encode(shown).finest[0].square().mean())


def masked(hide, attention_first):
    backbone = dict(type='Swin3D', in_channels=9, depths=[1, 1, 1], out_indices=(0, 1, 2), **SIZES)
    backbone['stem_transformer'] = attention_first
    neck = dict(type='Swin3DDecoder', **SIZES)
    torch.manual_seed(0)
    return Masked(hide, backbone=backbone, neck=neck, data_preprocessor=PREPROCESSOR).train()


def random_view(num_points=300):
    generator = torch.Generator().manual_seed(0)
    points = torch.rand(2, num_points, 9, generator=generator) * 2 - 1
    points[..., 6:] = nn.functional.normalize(points[..., 6:], dim=-1)
    view = dict(points=list(points), per_point=dict(source_xyz=list(points[..., :3].clone())))
    return dict(inputs=dict(views=[view]), data_samples=None)


@pytest.mark.parametrize('attention_first', [True, False])
@pytest.mark.parametrize('hide', [by_token, by_dropping])
def test_hidden_voxels_change_no_bit_of_what_the_backbone_takes_and_gives(hide, attention_first):
    model, batch = masked(hide, attention_first), random_view()
    step = watched_step(model, batch)
    move = hide is by_dropping
    hidden = same(step, watched_step(model, with_other_points(batch, step, move), step.answers))
    assert hidden, 'hidden points reach the network' + ', or SHOW_POSITIONS lacks the method' * move
    visible = watched_step(model, with_other_points(batch, step, move, visible=True), step.answers)
    assert not same(step, visible)


@pytest.mark.parametrize('hide', [features_alone, nothing])
def test_the_sweep_finds_a_method_that_hides_too_little(hide):
    model, batch = masked(hide, True), random_view()
    step = watched_step(model, batch)
    assert not same(step, watched_step(model, with_other_points(batch, step, False), step.answers))


def test_the_token_stands_for_hidden_features_alone_and_the_truth_stays_with_the_points():
    model, batch = masked(by_token, True), random_view()
    view = model.data_preprocessor(batch, True)['inputs']['views'][0]
    mask = torch.arange(len(view.voxels)) % 3 == 0
    hidden = hide_voxels(view, mask, model.token)
    assert torch.equal(hidden.feats[mask], model.token.expand(int(mask.sum()), -1))
    assert torch.equal(hidden.feats[~mask], view.feats[~mask])
    for name in ('rgb', 'normal'):
        assert bool((hidden.voxels.signals[name][mask] == 0).all())
        assert torch.equal(hidden.voxels.signals[name][~mask], view.voxels.signals[name][~mask])
    assert torch.equal(hidden.voxels.signals['xyz'], view.voxels.signals['xyz'])
    assert hidden.points is view.points and hidden.per_point is view.per_point
    hidden.feats.sum().backward()
    assert torch.equal(model.token.grad, torch.full((9,), float(mask.sum())))


def test_masks_and_tokens_that_do_not_fit_are_named():
    model, batch = masked(by_token, True), random_view()
    view = model.data_preprocessor(batch, True)['inputs']['views'][0]
    mask = torch.zeros(len(view.voxels), dtype=torch.bool)
    with pytest.raises(TypeError, match='mask must hold bools, got torch.int64'):
        hide_voxels(view, mask.long(), model.token)
    with pytest.raises(ValueError, match=r'mask must be \(\d+,\), a row for each voxel, got \(3,\)'):
        hide_voxels(view, mask[:3], model.token)
    with pytest.raises(ValueError, match=r'token must be \(9,\), the width of the features, got \(1, 9\)'):
        hide_voxels(view, mask, model.token[None])


def is_masked(path):
    """Whether a recipe masks voxels; object methods mask tokens, which their own tests look at."""
    model = Config.fromfile(path).model
    return 'masker' in model and model.data_preprocessor.type == 'ViewPreprocessor'


MASKED = list(filter(is_masked, ROOMS))


@pytest.fixture(scope='module')
def rooms(tmp_path_factory):
    return write_rooms(tmp_path_factory.mktemp('rooms'))


@pytest.mark.parametrize('path', MASKED, ids=lambda path: path.stem)
def test_nothing_of_a_hidden_voxel_reaches_the_network_of_a_masked_method(path, rooms):
    config = shrink(path, rooms)
    model, batch = build(config), first_batch(config)
    step = watched_step(model, batch)
    assert step.hidden and all(0 < int(mask.sum()) < len(mask) for _, mask in step.hidden)
    move = config.model.type not in SHOW_POSITIONS
    hidden = same(step, watched_step(model, with_other_points(batch, step, move), step.answers))
    assert hidden, 'hidden points reach the network' + ', or SHOW_POSITIONS lacks the method' * move
    visible = watched_step(model, with_other_points(batch, step, move, visible=True), step.answers)
    assert not same(step, visible)
