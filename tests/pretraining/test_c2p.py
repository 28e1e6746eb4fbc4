"""C2P's loss against its definition, and which weights each of its terms reaches."""

import math

import pytest
import torch
from mmdet3d.registry import MODELS
from tiny_pretraining import random_batch, tiny_student
from torch.nn.functional import normalize

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.structures import Levels

VOXEL, TEMPERATURE = 0.2, 0.07
LOSSES = ('loss_points', 'loss_frames', 'loss_forward', 'loss_backward')


def build(**changes):
    torch.manual_seed(0)
    settings = dict(
        type='C2P',
        data_preprocessor=dict(type='ViewPreprocessor', voxel_size=VOXEL),
        matcher=dict(type='RadiusMatcher', radius=0.3),
        criterion=dict(type='InfoNCE', temperature=TEMPERATURE),
        predictor=dict(type='ProjectionHead', in_channels=16, hidden_channels=24, num_layers=2),
        **tiny_student(),
    )
    model = MODELS.build({**settings, **changes})
    model.init_weights()
    return model.train()


def views_of(model, num_frames=3, num_samples=2):
    """A complete cloud and frames that are its points in random boxes, with the fields of the transform."""
    generator = torch.Generator().manual_seed(1)
    batch = random_batch(num_samples)
    (complete,) = batch['inputs']['views']
    complete['per_image'], complete['per_match'] = {}, {}
    in_frame = [torch.rand(len(cloud), num_frames, generator=generator) < 0.6 for cloud in complete['points']]
    complete['per_point'] = dict(source_xyz=[cloud[:, :3] for cloud in complete['points']], in_frame=in_frame)
    frames = []
    for number in range(num_frames):
        seen = [mask[:, number] & (torch.rand(len(mask), generator=generator) < 0.7) for mask in in_frame]
        points = [cloud[rows] for cloud, rows in zip(complete['points'], seen)]
        own = dict(source_xyz=[cloud[:, :3] for cloud in points])
        frames.append(dict(points=points, per_point=own, per_image={}, per_match={}, ragged={}))
    batch['inputs']['views'] = [complete, *frames]
    return model.data_preprocessor(batch, training=True)['inputs']['views']


def nce(query, key):
    """Mean over rows of log(sum of exp(cosine with each key / t)) - own cosine / t, in float64."""
    logits = normalize(query.double(), dim=1) @ normalize(key.double(), dim=1).t() / TEMPERATURE
    return (logits.exp().sum(dim=1).log() - logits.diagonal()).mean()


def pooled(feats, view, sample, column=None):
    rows = [
        row
        for row, coords in enumerate(view.voxels.coords.tolist())
        if coords[0] == sample and (column is None or bool(column[row]))
    ]
    return feats[rows].max(dim=0).values


def test_the_loss_is_its_definition_in_float64():
    model = build().eval()  # norms of the predictors with fixed statistics
    complete, *frames = views = views_of(model)
    losses = model.loss(views, None)
    taught = model.teacher.encode(complete).finest[0]
    own = [model.encode(frame).finest[0] for frame in frames]
    points = []
    for feats, frame in zip(own, frames):
        rows, others = model.matcher(frame, complete)
        points.append(nce(feats[rows], taught[others]))
    terms = dict.fromkeys(LOSSES[1:], 0.0)
    in_frame = complete.at_voxels('in_frame')
    for sample in range(2):
        student = torch.stack([pooled(feats, frame, sample) for feats, frame in zip(own, frames)])
        goals = torch.stack([pooled(taught, complete, sample, column) for column in in_frame.t()])
        terms['loss_frames'] += nce(student, goals) / 2 / 2
        terms['loss_forward'] += nce(model.forward_head(student[:2]), goals[1:]) / 4 / 2
        terms['loss_backward'] += nce(model.backward_head(student[1:]), goals[:2]) / 4 / 2
    terms['loss_points'] = sum(points) / 3
    for name in LOSSES:
        assert losses[name].item() == pytest.approx(terms[name].item(), abs=1e-5), name
    assert losses['pairs_per_sample'] > 30


def with_features(model, monkeypatch, student, teacher):
    """Let student and teacher give chosen features of a view."""
    monkeypatch.setattr(model, 'encode', lambda view: Levels(((student(view), view.voxels),)))
    monkeypatch.setattr(model.teacher, 'encode', lambda view: Levels(((teacher(view), view.voxels),)))


def constant(view):
    return torch.ones(len(view.voxels), 16, requires_grad=True)


def test_features_that_are_all_one_have_the_loss_of_a_guess(monkeypatch):
    model = build()
    views = views_of(model, num_frames=4)
    with_features(model, monkeypatch, constant, constant)
    losses = model.loss(views, None)
    assert losses['loss_frames'].item() == pytest.approx(math.log(4) / 2, rel=1e-5)
    for name in ('loss_forward', 'loss_backward'):
        assert losses[name].item() == pytest.approx(math.log(3) / 4, rel=1e-5)
    counts = [len(model.matcher(frame, views[0])[0]) for frame in views[1:]]
    guess = sum(math.log(count) for count in counts) / 4
    assert losses['loss_points'].item() == pytest.approx(guess, rel=1e-5)


def test_one_frame_has_the_term_of_points_alone():
    model = build()
    losses = model.loss(views_of(model, num_frames=1), None)
    assert losses['loss_points'] > 0
    assert [losses[name].item() for name in LOSSES[1:]] == [0, 0, 0]
    sum(losses[name] for name in LOSSES).backward()
    assert all(bool(weight.grad.isfinite().all()) for weight in model.backbone.parameters())


def test_a_predictor_learns_of_its_own_term_alone_and_the_teacher_of_none():
    model = build()
    views = views_of(model)
    reached = {}
    for name in LOSSES:
        model.zero_grad()
        model.loss(views, None)[name].backward()
        grads = {key: weight.grad for key, weight in model.named_parameters() if weight.grad is not None}
        reached[name] = {key.partition('.')[0] for key, grad in grads.items() if bool((grad != 0).any())}
    student = {'backbone', 'neck'}
    assert reached == dict(
        loss_points=student,
        loss_frames=student,
        loss_forward=student | {'forward_head'},
        loss_backward=student | {'backward_head'},
    )


@pytest.mark.parametrize(('name', 'unused'), [('loss_forward', 0), ('loss_backward', 2)])
def test_what_no_frame_predicts_does_not_count(name, unused):
    """No frame comes before the first, none after the last: its complete features are no target."""
    model = build().eval()
    views = views_of(model)
    goals = torch.randn(2, 3, 16)
    frames, known = torch.randn(2, 3, 16), torch.ones(2, 3, dtype=torch.bool)
    before = model._losses_of_frames(frames, goals, known)[name]
    changed = goals.clone()
    changed[:, unused] = torch.randn(2, 16)
    assert torch.equal(model._losses_of_frames(frames, changed, known)[name], before)
    changed[:, 1] = torch.randn(2, 16)
    assert not torch.equal(model._losses_of_frames(frames, changed, known)[name], before)
    assert len(views) == 4


def test_frames_that_show_nothing_of_the_complete_cloud_are_left_out():
    model = build().eval()
    frames, goals = torch.randn(2, 3, 16), torch.randn(2, 3, 16)
    known = torch.tensor([[True, True, True], [True, False, True]])
    losses = model._losses_of_frames(frames, goals, known)
    now = (nce(frames[0], goals[0]) + nce(frames[1, [0, 2]], goals[1, [0, 2]])) / 2
    assert losses['loss_frames'].item() == pytest.approx(now.item() / 2, abs=1e-5)
    after = (nce(model.forward_head(frames[0, :2]), goals[0, 1:]) + 0) / 2  # of one frame there is no other
    assert losses['loss_forward'].item() == pytest.approx(after.item() / 4, abs=1e-5)
    nothing = model._losses_of_frames(frames, goals, torch.zeros(2, 3, dtype=torch.bool))
    assert sum(nothing.values()) == 0


def test_the_weight_of_frames_scales_their_terms_alone():
    views = views_of(build())
    own, other = (build(frame_weight=weight).eval().loss(views, None) for weight in (1.0, 0.25))
    assert own['loss_points'].item() == pytest.approx(other['loss_points'].item(), rel=1e-6)
    for name in LOSSES[1:]:
        assert other[name].item() == pytest.approx(own[name].item() / 4, rel=1e-5)


def test_frames_that_are_not_those_of_the_complete_cloud_are_told():
    model = build()
    views = views_of(model)
    with pytest.raises(ValueError, match='the complete cloud and its 3 frames, got 2 frames'):
        model.loss(views[:3], None)
    with pytest.raises(ValueError, match="must have 'in_frame'"):
        model.loss(views[1:], None)
