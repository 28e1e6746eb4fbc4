"""4DContrast: its distance, convolutions along time, the three terms, stopped gradients and collapse."""

import pytest
import torch
from mmdet3d.registry import MODELS
from mmengine.dataset import pseudo_collate
from tiny_pretraining import tiny_student

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.datasets.transforms import PackPretrainInputs
from swin3d_mmdet3d.pretraining.feature_spread import feature_spread
from swin3d_mmdet3d.pretraining.heads.sequence_network import TemporalConv, rows_in_time
from swin3d_mmdet3d.pretraining.losses import CosineDistance
from swin3d_mmdet3d.structures.normal_points import NormalPoints

VOXEL = 0.2


def frame(results, xyz, source, moving):
    """A view of points in these places."""
    rgb = torch.rand(len(xyz), 3, generator=torch.Generator().manual_seed(1)) * 2 - 1
    points = NormalPoints.from_columns(torch.cat([xyz, rgb], dim=1).float())
    fields = dict(source_xyz=source, moving=moving, point_ids=torch.arange(len(xyz)))
    return dict(results, points=points, per_point={name: v.numpy() for name, v in fields.items()})


def batch(num_frames=3, samples=2):
    """Sequences of a random cloud through which a cube of points moves by a voxel a frame."""
    packed = []
    generator = torch.Generator().manual_seed(0)
    for _ in range(samples):
        still = torch.rand(300, 3, generator=generator) * torch.tensor([2.0, 2, 1])
        cube = torch.rand(60, 3, generator=generator) * 0.4
        moving = torch.cat([torch.zeros(300), torch.ones(60)]).byte()
        source = torch.cat([still, cube + torch.tensor([0.0, 0, 100])])
        places = [torch.cat([still, cube + torch.tensor([VOXEL * t, 0, 1.0])]) for t in range(num_frames)]
        views = [frame({}, xyz, source, moving) for xyz in (places[0], places[-1], *places)]
        packed.append(PackPretrainInputs().transform(dict(views=views)))
    return pseudo_collate(packed)


def views_of(data):
    return MODELS.build(dict(type='ViewPreprocessor', voxel_size=VOXEL))(data, training=True)['inputs'][
        'views'
    ]


def method(**changes):
    head = dict(type='ProjectionHead', in_channels=16, out_channels=8, hidden_channels=16, num_layers=2)
    parts = dict(
        sequence=dict(type='SequenceNetwork', channels=16, **tiny_student()),
        head=head,
        sequence_head=head,
        predictor=dict(head, in_channels=8, hidden_channels=8),
        matcher=dict(type='RadiusMatcher', radius=0.3),
    )
    preprocessor = dict(type='ViewPreprocessor', voxel_size=VOXEL)
    cfg = dict(type='FourDContrast', data_preprocessor=preprocessor, **tiny_student(), **{**parts, **changes})
    torch.manual_seed(0)
    return MODELS.build(cfg).train()


def test_the_distance_is_that_of_directions_by_a_loop_and_reaches_the_predictions_alone():
    torch.manual_seed(0)
    prediction, target = (torch.randn(7, 5, dtype=torch.float64, requires_grad=True) for _ in range(2))
    rows, others = torch.tensor([0, 3, 3, 6]), torch.tensor([1, 2, 5, 0])
    expected = 0.0
    for row, other in zip(rows, others):
        p, z = prediction[row].detach(), target[other].detach()
        expected += 1 - float(p @ z) / float((p @ p) ** 0.5 * (z @ z) ** 0.5)
    loss = CosineDistance(loss_weight=2.0)(prediction, target, (rows, others))
    assert loss.item() == pytest.approx(2 * expected / 4, abs=1e-5)
    loss.backward()
    assert target.grad is None and bool((prediction.grad[rows] != 0).any())
    same = prediction.detach()
    assert CosineDistance()(3 * same, same).item() == pytest.approx(0, abs=1e-6)
    assert CosineDistance()(-same, same).item() == pytest.approx(2, abs=1e-6)


def test_no_rows_give_a_distance_of_0_with_a_gradient():
    prediction = torch.randn(4, 5, requires_grad=True)
    none = torch.zeros(0, dtype=torch.int64)
    loss = CosineDistance()(prediction, torch.randn(3, 5), (none, none))
    loss.backward()
    assert loss.item() == 0 and bool((prediction.grad == 0).all())


def test_rows_before_and_after_lie_in_the_same_place_of_the_world_by_brute_force():
    frames = views_of(batch())[2:]

    def cells(view):
        corner = (view.origin / VOXEL).round().long()
        at = view.voxels.coords.long()
        return [(int(b), *(xyz + corner[b]).tolist()) for b, xyz in zip(at[:, 0], at[:, 1:])]

    assert len({tuple(view.origin.flatten().tolist()) for view in frames}) >= 1
    places = [cells(view) for view in frames]
    for time, (before, after) in enumerate(rows_in_time(frames)):
        for rows, other in ((before, time - 1), (after, time + 1)):
            known = dict(zip(places[other], range(10**6))) if 0 <= other < 3 else {}
            assert rows.tolist() == [known.get(cell, -1) for cell in places[time]]
    assert (rows_in_time(frames)[1][0] < 0).any() and (rows_in_time(frames)[1][0] >= 0).any()


def test_the_lattice_of_frames_that_begin_elsewhere_is_one():
    data = batch(samples=1)
    view = data['inputs']['views'][3]
    view['points'][0] = torch.cat([torch.tensor([[-1.0, 0, 0, 0, 0, 0]]), view['points'][0]])
    for rows in view['per_point'].values():
        rows[0] = torch.cat([rows[0][:1], rows[0]])
    frames = views_of(data)[2:]
    assert not torch.equal(frames[0].origin, frames[1].origin)
    before, _ = rows_in_time(frames)[1]
    assert (before >= 0).float().mean() > 0.7


def test_convolution_along_time_is_that_of_three_frames_by_a_loop():
    torch.manual_seed(0)
    layer = TemporalConv(4).eval()
    feats = [torch.randn(count, 4) for count in (3, 2, 4)]
    none = torch.full((3,), -1)
    rows = [
        (none, torch.tensor([1, -1, 0])),
        (torch.tensor([2, 0]), torch.tensor([-1, 3])),
        (torch.tensor([-1, -1, -1, 1]), torch.full((4,), -1)),
    ]
    zero = torch.zeros(4)
    for time, found in enumerate(layer(feats, rows)):
        for row, own in enumerate(feats[time]):
            before, after = int(rows[time][0][row]), int(rows[time][1][row])
            past = feats[time - 1][before] if before >= 0 else zero
            future = feats[time + 1][after] if after >= 0 else zero
            mixed = layer.linear.weight @ torch.cat([past, own, future]) / (1 + layer.norm.eps) ** 0.5
            torch.testing.assert_close(found[row], own + mixed.relu())


def test_features_of_a_frame_know_of_the_frames_around_it():
    network = method().sequence.eval()
    frames = views_of(batch())[2:]
    with torch.no_grad():
        own = network(frames)[1]
        for other in ([frames[0], frames[1], frames[1]], [frames[1], frames[1], frames[2]]):
            assert not torch.equal(network(other)[1], own)
        assert torch.equal(network(frames)[1], own)


def test_the_three_terms_are_those_of_predictions_and_features_at_the_pairs():
    model = method().eval()
    views = views_of(batch())
    torch.manual_seed(3)
    losses = model.loss(views, None)
    first, last, *frames = views
    with torch.no_grad():
        z = dict(
            first=model.head(model.encode(first).finest[0]), last=model.head(model.encode(last).finest[0])
        )
        feats = model.sequence(frames)
        z.update(start=model.sequence_head(feats[0]), end=model.sequence_head(feats[2]))
    view = dict(first=first, last=last, start=frames[0], end=frames[2])

    kind = dict(first='3d', last='3d', start='4d', end='4d')

    @torch.no_grad()
    def term(one, other):
        rows, others = model.matcher(view[one], view[other])
        total = 0.0
        there, back = (model.predictors[kind[a] + kind[b]](z[a]) for a, b in ((one, other), (other, one)))
        for row, partner in zip(rows, others):
            total += 1 - float(torch.cosine_similarity(there[row], z[other][partner], dim=0))
            total += 1 - float(torch.cosine_similarity(back[partner], z[one][row], dim=0))
        return total / (2 * len(rows))

    assert losses['loss_3d3d'].item() == pytest.approx(term('first', 'last'), abs=1e-4)
    by_time = (term('first', 'start') + term('last', 'end')) / 2
    assert losses['loss_3d4d'].item() == pytest.approx(by_time, abs=1e-4)
    assert losses['loss_4d4d'].item() == pytest.approx(term('start', 'end'), abs=1e-4)
    assert 0 < losses['moving_pairs'] < 0.5


def test_targets_get_no_gradient_and_predictions_of_both_networks_do():
    model = method()
    for predictor in model.predictors.values():  # a prediction that does not depend on its features
        last = predictor.layers[-1]
        torch.nn.init.zeros_(last.weight)
        torch.nn.init.ones_(last.bias)
    losses = model.loss(views_of(batch()), None)
    sum(losses[f'loss_{name}'] for name in ('3d3d', '3d4d', '4d4d')).backward()
    for name, weight in model.named_parameters():
        own = name.startswith('predictors') and '.layers.3.' in name
        assert (weight.grad is not None and bool((weight.grad != 0).any())) == own, name


def test_a_view_too_few_is_named():
    with pytest.raises(ValueError, match='views must be two and a sequence of at least two frames, got 3'):
        method().loss(views_of(batch())[:3], None)


def spread_after(model, criterion, steps=60):
    if criterion is not None:
        model.criterion = criterion
        model.predictors = torch.nn.ModuleDict({term: torch.nn.Identity() for term in model.predictors})
    optimiser = torch.optim.SGD(model.parameters(), lr=0.2, momentum=0.9)
    views = views_of(batch(samples=1))
    for step in range(steps):
        torch.manual_seed(step)
        losses = model.loss(views, None)
        optimiser.zero_grad()
        sum(losses[f'loss_{name}'] for name in ('3d3d', '3d4d', '4d4d')).backward()
        optimiser.step()
    return float(feature_spread(model.head(model.encode(views[0]).finest[0])))


@pytest.mark.slow  # two trainings
def test_features_collapse_without_predictor_and_stopped_gradient_and_do_not_with_them():
    class BothWays(torch.nn.Module):
        def forward(self, one, other, pairs):
            return (1 - torch.cosine_similarity(one[pairs[0]], other[pairs[1]])).mean()

    assert spread_after(method(), BothWays()) < 0.05 < 0.3 < spread_after(method(), None)
