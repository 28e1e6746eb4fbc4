"""FixMatch's loss against its definition, written down voxel by voxel."""

import copy

import numpy as np
import pytest
import torch
from mmdet3d.registry import MODELS
from torch import nn
from two_source_views import CLASSES, IGNORED, batch_of, fixmatch, preprocessed, tiny_fixmatch

from swin3d_mmdet3d.pretraining.matchers import voxels_of_same_points


def logits_of(model, view):
    """Logits of a view, float64, without a trace in the model."""
    model = copy.deepcopy(model)
    with torch.no_grad():
        return model.voxel_logits(view.feats, view.voxels).double().numpy()


def softmax(logits):
    odds = np.exp(logits - logits.max())
    return odds / odds.sum()


def by_hand(model, views, samples, threshold):
    """The loss on unlabelled scenes and its gradient by the strong view's logits, a voxel at a time."""
    weak, strong = views
    p, q = logits_of(model.model, strong), logits_of(copy.deepcopy(model.model).eval(), weak)
    owner = {}
    for sample, rows in enumerate(weak.point2voxel):
        before = sum(map(len, weak.points[:sample]))
        for point, voxel in enumerate(rows.tolist()):
            owner[sample, int(weak.per_point['point_ids'][before + point])] = voxel
    loss, count, gradient = 0.0, 0, np.zeros_like(p)
    for voxel, sample in enumerate(strong.voxels.coords[:, 0].tolist()):
        if not samples[sample].metainfo['labels_hidden']:
            continue
        count += 1
        point = int(strong.per_point['point_ids'][strong.representative[voxel]])
        teacher = softmax(q[owner[sample, point]]) if (sample, point) in owner else np.zeros(CLASSES)
        if teacher.max() >= threshold:
            label, student = int(teacher.argmax()), softmax(p[voxel])
            loss -= np.log(student[label])
            gradient[voxel] = student - np.eye(CLASSES)[label]
    return loss / count, gradient / count, int((gradient != 0).any(axis=1).sum())


@pytest.mark.parametrize('threshold', [0.0, 0.5, 0.8])
@pytest.mark.parametrize('weight', [1.0, 0.3])
def test_loss_and_gradient_are_those_of_the_definition(threshold, weight):
    model = fixmatch(threshold=threshold, weight=weight)
    keep = torch.randperm(60, generator=torch.Generator().manual_seed(1))[:37]
    views, samples = preprocessed(model, batch_of(strong_rows=keep))
    expected, gradient, kept = by_hand(model, views, samples, threshold)
    assert kept == 2 * 37 if threshold == 0 else 5 < kept < 70
    classifier, norm = model.model.decode_head.classifier, copy.deepcopy(model.model.decode_head.norm)
    losses = model.loss(views, samples)
    assert losses['loss_unlabelled'].item() == pytest.approx(weight * expected, rel=1e-5)
    assert losses['confident_share'].item() == pytest.approx(kept / (2 * 37))
    losses['loss_unlabelled'].backward()
    with torch.no_grad():
        inputs = norm(model.model.extract_feat(views[1].feats, views[1].voxels)[0]).double().numpy()
    np.testing.assert_allclose(classifier.weight.grad, weight * gradient.T @ inputs, atol=1e-6)
    np.testing.assert_allclose(classifier.bias.grad, weight * gradient.sum(axis=0), atol=1e-6)


def test_loss_of_labelled_scenes_is_the_ordinary_one_of_their_strong_views():
    model = fixmatch()
    views, samples = preprocessed(model, batch_of())
    logits = logits_of(model.model, views[1])
    own = (views[1].voxels.coords[:, 0] == 0).nonzero().flatten().tolist()
    labels = views[1].at_voxels('pts_semantic_mask')
    expected = -np.mean([np.log(softmax(logits[row])[labels[row]]) for row in own])
    losses = model.loss(views, samples)
    assert len(own) == 60 and losses['loss_seg'].item() == pytest.approx(expected, rel=1e-5)


def test_views_that_are_one_teach_their_likeliest_class():
    model = fixmatch(threshold=0.0)
    model.model.decode_head.norm.momentum = None
    batch = batch_of(hidden=(True,))
    batch['inputs']['views'][1] = copy.deepcopy(batch['inputs']['views'][0])
    views, samples = preprocessed(model, batch)
    # a moving average over one batch: training and test normalise alike but for the unbiased variance
    model.model.voxel_logits(views[0].feats, views[0].voxels)
    p = torch.tensor(logits_of(model.model, views[1])).softmax(dim=1)
    losses = model.loss(views, samples)
    assert losses['loss_unlabelled'].item() == pytest.approx(
        float(-p.max(dim=1).values.log().mean()), rel=1e-4
    )


@pytest.mark.parametrize('bias', [0.0, -1e-3])
def test_a_voxel_as_sure_as_the_threshold_is_kept_and_one_less_sure_is_not(bias):
    model = fixmatch(threshold=0.25)
    classifier = model.model.decode_head.classifier
    nn.init.zeros_(classifier.weight)
    classifier.bias.data = torch.zeros(CLASSES)
    if bias:
        model.threshold -= bias
    views, samples = preprocessed(model, batch_of())
    losses = model.loss(views, samples)
    assert losses['confident_share'].item() == (0.0 if bias else 1.0)
    expected = 0.0 if bias else np.log(CLASSES)
    assert losses['loss_unlabelled'].item() == pytest.approx(expected, rel=1e-6)


def test_a_batch_of_which_nothing_is_sure_teaches_nothing_and_keeps_its_graph():
    model = fixmatch(threshold=1.0)
    views, samples = preprocessed(model, batch_of())
    losses = model.loss(views, samples)
    assert losses['loss_unlabelled'].item() == 0 and 'pseudo_accuracy' not in losses
    losses['loss_unlabelled'].backward()
    grads = [weight.grad for weight in model.model.decode_head.parameters()]
    assert all(grad is not None and not bool(grad.any()) for grad in grads)


@pytest.mark.parametrize('hidden', [(False, False), (True,), (True, False)])
def test_batches_of_one_kind_of_scene_have_a_loss_of_the_other_that_is_zero(hidden):
    model = fixmatch(threshold=0.0)
    views, samples = preprocessed(model, batch_of(hidden))
    losses = model.loss(views, samples)
    assert (losses['loss_seg'].item() > 0) == (not all(hidden))
    assert (losses['loss_unlabelled'].item() > 0) == any(hidden)
    model.parse_losses(losses)[0].backward()
    assert all(bool(w.grad.isfinite().all()) for w in model.model.decode_head.parameters())


def test_the_order_of_points_changes_nothing():
    def losses_of(order):
        model = fixmatch(threshold=0.3)
        batch = batch_of()
        for view in batch['inputs']['views']:
            for rows in (view['points'], *view['per_point'].values()):
                rows[:] = [part[order] for part in rows]
        return model.loss(*preprocessed(model, batch))

    first, second = losses_of(torch.arange(60)), losses_of(torch.randperm(60))
    for name, value in first.items():
        assert value.item() == pytest.approx(second[name].item(), rel=1e-6), name


def test_hidden_labels_are_for_scores_alone():
    def losses_of(change):
        model = tiny_fixmatch(threshold=0.0).train()
        batch = batch_of()
        for view in batch['inputs']['views']:
            view['per_point']['hidden_labels'] = [change(it) for it in view['per_point']['hidden_labels']]
        losses = model.loss(*preprocessed(model, batch))
        model.parse_losses(losses)[0].backward()
        return losses, [weight.grad for weight in model.parameters()]

    own, own_grads = losses_of(lambda labels: labels)
    huge, huge_grads = losses_of(lambda labels: torch.full_like(labels, 10**9))
    assert own['pseudo_accuracy'] > 0 == huge['pseudo_accuracy']
    for name in ('loss_seg', 'loss_unlabelled', 'confident_share'):
        assert torch.equal(own[name], huge[name])
    assert all(torch.equal(*pair) for pair in zip(own_grads, huge_grads) if pair[0] is not None)


def test_accuracy_is_that_of_the_pseudo_labels_whose_truth_is_known():
    model = fixmatch(threshold=0.7)
    batch = batch_of(hidden=(True, True))
    for view in batch['inputs']['views']:
        for labels in view['per_point']['hidden_labels']:
            labels[::3] = IGNORED
    views, samples = preprocessed(model, batch)
    q = logits_of(copy.deepcopy(model.model).eval(), views[0])
    truth = views[0].at_voxels('hidden_labels').tolist()
    right = [
        softmax(row).argmax() == label
        for row, label in zip(q, truth)
        if label != IGNORED and softmax(row).max() >= 0.7
    ]
    losses = model.loss(views, samples)
    assert 5 < len(right) < 70 and losses['pseudo_accuracy'].item() == pytest.approx(np.mean(right))


def test_the_weak_view_moves_no_statistics_has_no_gradient_and_leaves_each_part_its_mode():
    model = tiny_fixmatch(threshold=0.0).train()
    model.model.backbone.eval()  # as a frozen part is
    modes = {name: module.training for name, module in model.named_modules()}
    views, samples = preprocessed(model, batch_of())
    views[0].feats.requires_grad_()
    plain = copy.deepcopy(model.model)
    plain.voxel_logits(views[1].feats, views[1].voxels)
    losses = model.loss(views, samples)
    losses['loss_unlabelled'].backward()
    assert views[0].feats.grad is None
    for name, buffer in plain.named_buffers():
        assert torch.equal(buffer, model.model.get_buffer(name)), name
    assert {name: module.training for name, module in model.named_modules()} == modes


def test_a_failure_in_the_weak_view_leaves_each_part_its_mode():
    model = tiny_fixmatch().train()
    views, samples = preprocessed(model, batch_of())
    run = model.model.voxel_logits

    def fails_in_eval_mode(feats, voxels):
        if not model.model.training:
            raise MemoryError
        return run(feats, voxels)

    model.model.voxel_logits = fails_in_eval_mode
    with pytest.raises(MemoryError):
        model.loss(views, samples)
    assert all(module.training for module in model.model.modules())


def test_the_weak_view_of_labelled_scenes_is_not_run():
    model = fixmatch()
    seen = []
    model.model.backbone.register_forward_hook(lambda _, inputs, output: seen.append(len(inputs[0])))
    model.loss(*preprocessed(model, batch_of()))
    model.loss(*preprocessed(model, batch_of(hidden=(False, False))))
    assert seen == [120, 180, 120]


def test_a_moving_average_gives_the_pseudo_labels_and_follows_the_segmentor():
    model = fixmatch(threshold=0.0, momentum=0.75)
    model.init_weights()
    views, samples = preprocessed(model, batch_of())
    teacher = model.teacher.networks['model'].decode_head.classifier
    student = model.model.decode_head.classifier
    assert torch.equal(teacher.weight, student.weight) and not teacher.weight.requires_grad
    teacher.bias.data[2] = 50.0  # it is sure of class 2
    logits = logits_of(model.model, views[1])
    rows = (views[1].voxels.coords[:, 0] > 0).nonzero().flatten().tolist()
    expected = -np.mean([np.log(softmax(logits[row])[2]) for row in rows])
    losses = model.loss(views, samples)
    assert losses['loss_unlabelled'].item() == pytest.approx(expected, rel=1e-5)
    model.teacher.follow(model)
    assert float(teacher.bias[2]) == pytest.approx(0.75 * 50 + 0.25 * student.bias[2].item())


def test_the_control_teaches_the_same_labels_in_another_order():
    losses = {}
    for shuffle in (False, True):
        model = fixmatch(threshold=0.0, shuffle=shuffle)
        views, samples = preprocessed(model, batch_of(hidden=(True, True)))
        torch.manual_seed(0)
        losses[shuffle] = model.loss(views, samples)
    assert losses[True]['confident_share'] == losses[False]['confident_share']
    assert losses[True]['loss_unlabelled'] > losses[False]['loss_unlabelled']


def test_predictions_are_those_of_the_plain_segmentor_to_the_bit():
    model = tiny_fixmatch().eval()
    plain = copy.deepcopy(model.model)
    plain.data_preprocessor = MODELS.build(dict(type='VoxelPreprocessor', voxel_size=0.1))
    views = batch_of()['inputs']['views']
    batch = dict(inputs=dict(points=views[0]['points']), data_samples=batch_of()['data_samples'])
    own, expected = (network.test_step(copy.deepcopy(batch)) for network in (model, plain))
    for sample, reference in zip(own, expected):
        assert torch.equal(sample.pts_seg_logits.pts_seg_logits, reference.pts_seg_logits.pts_seg_logits)
    names = set(model.export()['model.pth'])
    assert names == set(plain.state_dict()) and not any('teacher' in name for name in names)


def test_voxels_of_same_points_are_those_that_a_search_finds():
    model = fixmatch()
    batch = batch_of(hidden=(True, True, False), count=50)
    first, second = batch['inputs']['views']
    for view, keep in zip((first, second), (slice(0, 40), slice(10, 50))):  # each lacks points of the other
        for rows in (view['points'], *view['per_point'].values()):
            rows[:] = [part[keep].flip(0) for part in rows]
    for cloud in first['points']:
        cloud[:, :3] = cloud[:, :3] * 0.5 + 0.3  # several points a voxel, other voxels
    second['per_point']['point_ids'][1][:7] = -1 - torch.arange(7)  # of another scene
    first['per_point']['point_ids'][1][:9] = -1 - torch.arange(9)
    first, second = preprocessed(model, batch)[0]
    found = voxels_of_same_points(first, second)
    ids = [view.per_point['point_ids'].split([40] * 3) for view in (first, second)]
    for voxel, sample in enumerate(second.voxels.coords[:, 0].tolist()):
        point = int(second.per_point['point_ids'][second.representative[voxel]])
        places = (ids[0][sample] == point).nonzero().flatten().tolist() if point >= 0 else []
        expected = int(first.point2voxel[sample][places[0]]) if places else -1
        assert int(found[voxel]) == expected
    assert 20 < int((found >= 0).sum()) < len(found) - 20
    none = voxels_of_same_points(first.select(torch.zeros(0, dtype=torch.long)), second)
    assert bool((none == -1).all())


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(threshold=1.5), r'threshold must lie in \[0, 1\], got 1.5'),
        (dict(weight=-1.0), 'weight must be 0 or more, got -1.0'),
        (dict(momentum=2.0), r'momentum must lie in \[0, 1\], got 2.0'),
    ],
)
def test_arguments_that_do_not_fit_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        fixmatch(**changes)


def test_batches_without_two_views_or_a_word_on_labels_are_refused():
    model = fixmatch()
    views, samples = preprocessed(model, batch_of())
    with pytest.raises(ValueError, match='a weak and a strong view, got 1 views'):
        model.loss(views[:1], samples)
    del views[1].per_point['point_ids']
    with pytest.raises(ValueError, match="must have 'point_ids'"):
        model.loss(views, samples)
    views, samples = preprocessed(model, batch_of())
    samples[1].set_metainfo(dict(labels_hidden=None))
    with pytest.raises(ValueError, match='must have labels_hidden, which HideLabels gives'):
        model.loss(views, samples)
