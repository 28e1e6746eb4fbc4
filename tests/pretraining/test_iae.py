"""IAE's loss against its definition, and what its student sees."""

import pytest
import torch
from mmdet3d.registry import MODELS
from tiny_pretraining import random_batch, tiny_student, tiny_volume

import swin3d_mmdet3d  # noqa: F401

VOXEL = 0.2


def build(**changes):
    torch.manual_seed(0)
    settings = dict(
        type='IAE',
        data_preprocessor=dict(type='ViewPreprocessor', voxel_size=VOXEL),
        masker=dict(type='RandomVoxels', visible=(0.5, 0.5), gap=0.0),
        volume=tiny_volume(),
        field=dict(type='DistanceField', in_channels=8, hidden_channels=16, num_blocks=2),
        **tiny_student(),
    )
    model = MODELS.build({**settings, **changes})
    model.init_weights()
    return model


def view_of(model, counts=(50, 30), shift=(0.0, 0, 0), scale=2.0):
    """Views of random clouds over 2 x 2 x 1 m with queries whose distance is the height over 0.5 m."""
    batch = random_batch()
    generator = torch.Generator().manual_seed(1)
    (view,) = batch['inputs']['views']
    queries = [
        torch.rand(count, 3, generator=generator) * torch.tensor([scale, scale, 1.0]) for count in counts
    ]
    view['ragged'] = dict(
        queries=[rows + torch.tensor(shift) for rows in queries],
        distances=[(rows[:, 2] - 0.5).abs() for rows in queries],
    )
    for points in view['points']:
        points[:, :3] += torch.tensor(shift)
    return model.data_preprocessor(batch, training=True)['inputs']['views'][0]


def loss_of(model, view, seed=0):
    torch.manual_seed(seed)
    return model.loss([view], None)


def distances_of(view):
    return view.ragged['distances'].values


def set_field(model, weight, bias):
    torch.nn.init.constant_(model.field.last.weight, weight)
    torch.nn.init.constant_(model.field.last.bias, bias)


def test_a_field_of_one_value_has_the_mean_error_of_its_size_and_the_median_the_least_of_all():
    model = build()
    view = view_of(model)
    errors = {}
    for value in (-0.3, 0.0, 0.1, float(distances_of(view).median()), 0.45):
        set_field(model, 0.0, value)
        losses = loss_of(model, view)
        expected = (distances_of(view).double() - abs(value)).abs().mean()
        assert losses['loss_distance'].item() == pytest.approx(expected.item(), rel=1e-6)
        errors[value] = losses['loss_distance'].item()
        median = losses['median_error'].item()
    assert min(errors.values()) == pytest.approx(median, rel=1e-6)
    assert median == pytest.approx(errors[float(distances_of(view).median())], rel=1e-6)


def test_a_field_of_the_other_sign_has_the_same_loss():
    model = build().eval()
    view = view_of(model)
    own = loss_of(model, view)['loss_distance']
    with torch.no_grad():
        for weight in (model.field.last.weight, model.field.last.bias):
            weight.neg_()
    assert own.item() > 0
    assert torch.equal(loss_of(model, view)['loss_distance'], own)


def test_each_query_is_answered_with_the_distance_at_its_own_place_in_its_own_scene(monkeypatch):
    """A field that is told where it is asked gives exact distances: none is mixed up, wherever scenes lie."""
    model = build().eval()
    for shift in ((0.0, 0, 0), (-70.3, 11.1, 5.07)):
        view = view_of(model, shift=shift)
        seen = []
        sample = model.volume.forward

        def watched(feats, voxels, sample=sample, seen=seen):
            volume = sample(feats, voxels)
            object.__setattr__(volume, 'sample', lambda batch, xyz: seen.append((batch, xyz)) or xyz)
            return volume

        monkeypatch.setattr(model.volume, 'forward', watched)
        origin = view.origin
        monkeypatch.setattr(
            model.field,
            'forward',
            lambda xyz, _, s=seen, o=origin, h=shift[2]: xyz[:, 2] * VOXEL + o[s[-1][0], 2] - h - 0.5,
        )
        losses = loss_of(model, view)
        assert len(seen[0][0]) == 80 and losses['queries_outside'] == 0
        assert losses['loss_distance'].item() < 1e-5
        monkeypatch.undo()


def test_queries_outside_of_the_volume_do_not_count():
    model = build().eval()
    set_field(model, 0.0, 0.2)
    view = view_of(model)
    view.ragged['queries'].values[:20] += 100
    losses = loss_of(model, view)
    expected = (distances_of(view)[20:] - 0.2).abs().mean()
    assert losses['loss_distance'].item() == pytest.approx(expected.item(), rel=1e-6)
    assert losses['queries_outside'].item() == pytest.approx(20 / 80)
    view.ragged['queries'].values[:] += 100
    losses = loss_of(model, view)
    assert losses['loss_distance'] == 0 and losses['queries_outside'] == 1
    losses['loss_distance'].backward()


def test_the_gradient_goes_through_the_volume_to_the_first_layer():
    model = build().train()
    loss_of(model, view_of(model))['loss_distance'].backward()
    grads = {name: weight.grad for name, weight in model.named_parameters()}
    assert all(grad is not None and bool(grad.isfinite().all()) for grad in grads.values())
    for part in ('backbone.stem', 'volume.unet.down.0', 'field.place'):
        assert any(name.startswith(part) and bool((grad != 0).any()) for name, grad in grads.items())


def test_half_of_the_voxels_are_seen_and_without_a_masker_all(monkeypatch):
    for changes, share in (({}, 0.5), (dict(masker=None), 1.0)):
        model = build(**changes)
        view = view_of(model)
        counts = []
        model.backbone.register_forward_pre_hook(lambda _, taken, c=counts: c.append(len(taken[1])))
        loss_of(model, view)
        assert counts[0] == sum(int(count * share) for count in view.voxels.ptr.diff().tolist())


def test_views_without_queries_are_named():
    model = build()
    view = view_of(model)
    view.ragged.pop('distances')
    with pytest.raises(
        ValueError, match=r"ragged fields of a view must have \['distances'\], got \['queries'\]"
    ):
        loss_of(model, view)


def test_blocks_of_a_new_field_are_the_identity_and_its_conditions_add_up():
    torch.manual_seed(0)
    field = MODELS.build(dict(type='DistanceField', in_channels=4, hidden_channels=6, num_blocks=3)).double()
    feats, place = torch.randn(10, 4).double(), torch.randn(10, 3).double()
    hidden = field.place(place) + sum(condition(feats) for condition in field.conditions)
    hidden = hidden + sum(block.layers[-1].bias for block in field.residual)
    expected = (hidden.relu() @ field.last.weight.T + field.last.bias).squeeze(1)
    torch.testing.assert_close(field(feats, place), expected)
    with pytest.raises(ValueError, match='num_blocks must be at least 1, got 0'):
        MODELS.build(dict(type='DistanceField', in_channels=4, num_blocks=0))
