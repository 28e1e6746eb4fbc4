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
    own = SVC(C=found['svm_penalty'], kernel='linear').fit(*train).score(*test)
    assert found['svm_accuracy'] == pytest.approx(own)


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
