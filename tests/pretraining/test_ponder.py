"""The five losses of Ponder against their definitions."""

import pytest
import torch
from mmdet3d.registry import MODELS
from tiny_pretraining import random_batch, tiny_student, tiny_volume

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.pretraining.heads.surface_renderer import Rendering

VOXEL = 0.2
LOSSES = ('color', 'depth', 'surface', 'free_space', 'eikonal')


def build(**changes):
    torch.manual_seed(0)
    settings = dict(
        type='Ponder',
        data_preprocessor=dict(type='ViewPreprocessor', voxel_size=VOXEL),
        volume=tiny_volume(),
        renderer=dict(
            type='SurfaceRenderer', in_channels=8, hidden_channels=16, geometry_channels=4, num_samples=12
        ),
        **tiny_student(),
    )
    model = MODELS.build({**settings, **changes})
    model.init_weights()
    return model


def view_of(model, counts=(20, 12), shift=(0.0, 0, 0)):
    """Views of random clouds over 2 x 2 x 1 m, with rays from their middle to places in them."""
    batch = random_batch()
    generator = torch.Generator().manual_seed(1)
    (view,) = batch['inputs']['views']
    shift = torch.tensor(shift)
    fields = dict(ray_origin=[], ray_direction=[], ray_depth=[], ray_color=[])
    for count in counts:
        ends = torch.rand(count, 3, generator=generator) * torch.tensor([2.0, 2, 1])
        offset = ends - torch.tensor([1.0, 1, 0.5])
        depth = offset.norm(dim=1)
        values = (
            ends - offset + shift,
            offset / depth[:, None],
            depth,
            torch.rand(count, 3, generator=generator),
        )
        for name, rows in zip(fields, values):
            fields[name].append(rows)
    view['ragged'] = fields
    for points in view['points']:
        points[:, :3] += shift
    return model.data_preprocessor(batch, training=True)['inputs']['views'][0]


def loss_of(model, view):
    torch.manual_seed(0)
    return model.loss([view], None)


def hand_made(model, monkeypatch, **changes):
    """Let the renderer see five samples of each ray at 0.2 to 1 m; returns what it sees."""
    seen = {}

    def render(volume, rays, voxel_size, depth):
        count = len(rays)
        where = torch.tensor([0.2, 0.4, 0.6, 0.8, 1.0]).expand(count, 5)
        given = dict(
            sample_depth=where,
            sdf=torch.linspace(0.3, -0.2, 5 * count).view(count, 5),
            weights=torch.rand(count, 4),
            depth=torch.rand(count),
            color=torch.rand(count, 3),
        )
        given.update({name: change(where, depth) for name, change in changes.items()})
        seen.update(given, target=depth)
        return Rendering(**given)

    monkeypatch.setattr(model.renderer, 'forward', render)
    return seen


def test_losses_of_hand_made_rays_are_those_of_loops(monkeypatch):
    model = build(truncation=0.25)
    view = view_of(model)
    seen = hand_made(model, monkeypatch)
    losses = loss_of(model, view)
    near, free = [], []
    for times, sdfs, target in zip(
        seen['sample_depth'].tolist(), seen['sdf'].tolist(), seen['target'].tolist()
    ):
        near += [abs(t + f - target) for t, f in zip(times, sdfs) if abs(t - target) < 0.25]
        free += [max(0.25 - f, 0) for t, f in zip(times, sdfs) if t < target - 0.25]
    assert len(near) > 20 and len(free) > 20
    color = view.ragged['ray_color'].values
    expected = dict(
        color=10 * (seen['color'] - color).abs().mean().item(),
        depth=(seen['depth'] - seen['target']).abs().mean().item(),
        surface=10 * sum(near) / len(near),
        free_space=sum(free) / len(free),
    )
    for name, value in expected.items():
        assert losses[f'loss_{name}'].item() == pytest.approx(value, rel=1e-5), name
    assert {f'loss_{name}' for name in LOSSES} == {name for name in losses if name.startswith('loss')}
    assert losses['depth_error'].item() == pytest.approx(expected['depth'], rel=1e-6)
    assert losses['color_error'].item() == pytest.approx(expected['color'] / 10, rel=1e-6)


def test_exact_distances_and_far_ones_in_front_cost_nothing(monkeypatch):
    model = build()
    view = view_of(model)
    hand_made(model, monkeypatch, sdf=lambda where, depth: depth[:, None] - where)
    losses = loss_of(model, view)
    assert losses['loss_surface'] < 1e-6 and losses['loss_free_space'] == 0


def test_factors_of_losses_are_factors_and_unknown_ones_are_named(monkeypatch):
    view = view_of(build())
    own = loss_of(build().eval(), view)
    other = loss_of(build(loss_weights=dict(eikonal=1.0, color=0.5)).eval(), view)
    for name in LOSSES:
        factor = dict(eikonal=100, color=0.05).get(name, 1)
        torch.testing.assert_close(other[f'loss_{name}'], factor * own[f'loss_{name}'])
    with pytest.raises(ValueError, match=r"loss_weights may name .*, got \['semantic'\]"):
        build(loss_weights=dict(semantic=1.0))
    for name, message in dict(truncation='positive length', eikonal_share=r'\(0, 1\]').items():
        with pytest.raises(ValueError, match=f'{name} must .*{message}'):
            build(**{name: 0.0})


def test_the_loss_does_not_depend_on_where_the_scene_lies():
    """Scenes are moved by whole voxels of whole cells; exact numbers of float32 differ by the places."""
    model = build().eval()
    own, moved = (loss_of(model, view_of(model, shift=shift)) for shift in ((0.0, 0, 0), (12.8, -6.4, 25.6)))
    for name in LOSSES:
        torch.testing.assert_close(own[f'loss_{name}'], moved[f'loss_{name}'], rtol=2e-3, atol=1e-5)


def test_rays_that_end_outside_of_the_volume_count_nothing(monkeypatch):
    model = build().eval()
    view = view_of(model)
    seen = hand_made(model, monkeypatch)
    view.ragged['ray_origin'].values[:8] += 50
    losses = loss_of(model, view)
    assert len(seen['target']) == 24 and losses['rays_outside'].item() == pytest.approx(8 / 32)
    view.ragged['ray_origin'].values[:] += 50
    losses = loss_of(model, view)
    assert losses['loss_color'] == 0 and losses['rays_outside'] == 1
    losses['loss_color'].backward()


def test_every_weight_is_trained_and_the_eikonal_loss_alone_trains_the_field():
    model = build().train()
    losses = loss_of(model, view_of(model))
    sum(losses[f'loss_{name}'] for name in LOSSES).backward()
    assert all(bool(weight.grad.isfinite().all()) for weight in model.parameters())
    for part in (
        'backbone.stem',
        'volume.unet.last',
        'renderer.geometry.0',
        'renderer.shade.0',
        'renderer.sharp',
    ):
        grads = [weight.grad for name, weight in model.named_parameters() if name.startswith(part)]
        assert any(bool((grad != 0).any()) for grad in grads), part
    model.zero_grad()
    loss_of(model, view_of(model))['loss_eikonal'].backward()
    assert bool((model.renderer.geometry[0].weight.grad != 0).any())
    assert bool((model.volume.unet.last.weight.grad != 0).any())
    assert model.renderer.shade[0].weight.grad is None


def test_the_baselines_are_the_errors_of_medians(monkeypatch):
    model = build()
    view = view_of(model)
    losses = loss_of(model, view)
    depth, color = (view.ragged[f'ray_{name}'].values for name in ('depth', 'color'))
    for value in (0.3, 0.9, 1.5):
        assert (depth - value).abs().mean() >= losses['median_depth_error'] - 1e-6
    expected = sum((color[:, c] - color[:, c].median()).abs().mean() for c in range(3)) / 3
    assert losses['median_color_error'].item() == pytest.approx(expected.item(), rel=1e-5)


def test_views_without_rays_are_named():
    model = build()
    view = view_of(model)
    view.ragged.pop('ray_depth')
    with pytest.raises(ValueError, match=r"ragged fields of a view must have \['ray_depth'\]"):
        loss_of(model, view)
