"""The linear SVM on features of objects: its penalty comes from the training objects alone."""

import numpy as np
import pytest
import torch
from mmdet3d.registry import METRICS
from sklearn.svm import SVC

from swin3d_mmdet3d.evaluation.linear_svm import choose_penalty, svm_accuracy


def blobs(count, seed, spread=1.0, classes=3):
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    centers = 3 * np.eye(classes, 4)
    return centers[labels] + spread * rng.normal(size=(count, 4)), labels


def scores(train, test, **options):
    metric = METRICS.build(dict(type='LinearSVMMetric', **options))
    rows = [('train', *row) for row in zip(*train)] + [('test', *row) for row in zip(*test)]
    order = np.random.default_rng(0).permutation(len(rows))
    samples = [
        dict(
            split=rows[i][0], object_feature=torch.from_numpy(rows[i][1]), gt_label=torch.tensor([rows[i][2]])
        )
        for i in order
    ]
    metric.process(None, samples[:7])
    metric.process(None, samples[7:])
    return metric.compute_metrics(metric.results)


def test_accuracy_is_that_of_a_machine_fitted_to_the_training_objects():
    train, test = blobs(60, 0), blobs(30, 1)
    found = scores(train, test, published_penalty=0.5)
    wanted = SVC(C=0.5, kernel='linear').fit(*train).score(*test)
    assert found['svm_accuracy_at_published_penalty'] == pytest.approx(wanted)
    mean, deviation = train[0].mean(0), train[0].std(0)
    own = SVC(C=found['svm_penalty'], kernel='linear').fit((train[0] - mean) / deviation, train[1])
    assert found['svm_accuracy'] == pytest.approx(own.score((test[0] - mean) / deviation, test[1]))


def test_the_scale_of_the_features_changes_nothing_at_the_chosen_penalty():
    train, test = blobs(60, 0, spread=2.0), blobs(30, 1, spread=2.0)
    shift, scale = np.array([5.0, 0, -2, 1]), np.array([1e-3, 4, 1, 30])
    moved = [(feats * scale + shift, labels) for feats, labels in (train, test)]
    first, other = scores(train, test), scores(*moved)
    for name in ('svm_accuracy', 'svm_penalty', 'svm_cross_validation'):
        assert first[name] == pytest.approx(other[name], abs=0.04)


def test_test_objects_choose_nothing():
    train = blobs(60, 0, spread=2.0)
    first = scores(train, blobs(30, 1))
    feats, labels = blobs(30, 2)
    other = scores(train, (feats, (labels + 1) % 3))
    assert first['svm_penalty'] == other['svm_penalty']
    assert first['svm_cross_validation'] == other['svm_cross_validation']
    assert other['svm_accuracy'] < 0.2 < 0.8 < first['svm_accuracy']


def test_the_penalty_has_the_best_accuracy_over_the_folds_and_is_the_smallest_of_equals():
    feats, labels = blobs(60, 0, spread=2.0)
    penalties = (1e-6, 0.01, 1.0)
    chosen = choose_penalty(feats, labels, penalties)
    alone = [choose_penalty(feats, labels, (penalty,)).accuracy for penalty in penalties]
    assert chosen.accuracy == max(alone)
    assert chosen.penalty == penalties[alone.index(max(alone))]
    easy = choose_penalty(*blobs(60, 0, spread=0.01), (10.0, 0.5, 1.0))
    assert (easy.penalty, easy.accuracy) == (0.5, 1.0)


def test_even_classes_are_divided_evenly_so_that_a_small_penalty_is_judged_by_what_it_does():
    rng = np.random.default_rng(0)
    labels = np.arange(64) % 8  # 8 of each, which five folds would divide into 1 and 2
    feats = 1e-3 * (np.eye(8)[labels] + 0.1 * rng.normal(size=(64, 8)))
    asked = 1e-3 * (np.eye(8)[labels] + 0.1 * rng.normal(size=(64, 8)))
    assert svm_accuracy(feats, labels, asked, labels, 1e-3) == 1
    assert choose_penalty(feats, labels, (1e-3,)).accuracy == 1


@pytest.mark.parametrize(
    'counts, most, wanted', [((8, 8), 5, 4), ((40, 40), 5, 5), ((6, 9), 5, 3), ((7, 9), 5, 5), ((2, 9), 5, 2)]
)
def test_folds_divide_all_classes_where_any_number_does(counts, most, wanted):
    from swin3d_mmdet3d.evaluation.linear_svm import _num_folds

    assert _num_folds(np.array(counts), most) == wanted


def test_random_features_reach_chance_in_cross_validation():
    rng = np.random.default_rng(0)
    labels = np.arange(400) % 4
    assert choose_penalty(rng.normal(size=(400, 8)), labels).accuracy < 0.35


def test_accuracy_of_one_and_none():
    feats, labels = blobs(30, 0, spread=0.01)
    assert svm_accuracy(feats, labels, feats, labels, 1.0) == 1
    assert svm_accuracy(feats, labels, feats, (labels + 1) % 3, 1.0) == 0


def test_splits_that_are_missing_and_too_few_objects_are_named():
    train = blobs(30, 0)
    with pytest.raises(ValueError, match="split 'train' and others, got"):
        scores(train, ([], []))
    with pytest.raises(ValueError, match='labels must have two classes of several objects'):
        choose_penalty(np.zeros((3, 2)), np.array([0, 0, 1]))


def test_a_class_of_one_object_does_not_change_the_choice():
    feats, labels = blobs(60, 0, spread=2.0)
    alone = np.concatenate([feats, [[9.0, 9, 9, 9]]]), np.append(labels, 7)
    assert choose_penalty(*alone) == choose_penalty(feats, labels)
