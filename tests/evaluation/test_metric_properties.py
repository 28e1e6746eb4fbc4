"""Scores of drawn predictions against counts in loops, and under orders, splits and moves."""

import numpy as np
import pytest
import torch
from for_all import REFUSED, for_all, outcome
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from junk import arrays
from mmdet3d.registry import METRICS

from swin3d_mmdet3d.evaluation import confusion_matrix, segmentation_scores
from swin3d_mmdet3d.evaluation.linear_svm import choose_penalty, svm_accuracy

NAMES = ('a', 'b', 'c')


def labels(count, low=0):
    return hnp.arrays(
        np.int64, count, elements=st.one_of(st.integers(low, 2), st.sampled_from([low, 255 if low else 0]))
    )


PAIRS = st.integers(0, 12).flatmap(lambda count: st.tuples(labels(count, -1), labels(count)))


def measured(pairs):
    metric = METRICS.build(dict(type='ConfusionSegMetric'))
    metric.dataset_meta = dict(label2cat=dict(enumerate(NAMES)), ignore_index=255)
    for truth, prediction in pairs:
        sample = dict(eval_ann_info=dict(pts_semantic_mask=truth), lidar_path='room.bin')
        metric.process({}, [dict(sample, pred_pts_seg=dict(pts_semantic_mask=torch.from_numpy(prediction)))])
    return metric.compute_metrics(metric.results)


@for_all(scenes=st.lists(PAIRS, min_size=1, max_size=4))
def test_scores_are_those_of_sets_and_know_neither_order_nor_scenes(scenes):
    found = measured(scenes)
    truth, prediction = (np.concatenate(parts) for parts in zip(*scenes))
    counted = (truth >= 0) & (truth < 3)
    truth, prediction = truth[counted], prediction[counted]
    for label, name in enumerate(NAMES):
        both, any_ = (
            ((truth == label) & (prediction == label)).sum(),
            ((truth == label) | (prediction == label)).sum(),
        )
        assert found[name] == pytest.approx(both / any_ if any_ else np.nan, nan_ok=True)
    if len(truth):
        assert found['acc'] == pytest.approx((truth == prediction).mean())
    assert measured(scenes[::-1]) == pytest.approx(found, nan_ok=True)
    assert measured([(truth, prediction)]) == pytest.approx(found, nan_ok=True)


@for_all(truth=arrays(columns=st.just(1)), prediction=arrays(columns=st.just(1)), classes=st.integers(1, 3))
def test_labels_of_any_kind_are_counted_or_refused_by_name(truth, prediction, classes):
    matrix = outcome(lambda: confusion_matrix(truth, prediction, classes), 'truth', 'prediction')
    if matrix is REFUSED:
        return
    counted = sum(0 <= value < classes for value in np.asarray(truth).ravel().tolist())
    assert matrix.shape == (classes, classes) and matrix.sum() == counted
    scores = segmentation_scores(matrix)
    known = scores.iou[~np.isnan(scores.iou)]
    assert ((known >= 0) & (known <= 1)).all()


@for_all(
    seed=st.integers(0, 999),
    counts=st.lists(st.integers(0, 6), min_size=1, max_size=3),
    folds=st.integers(2, 5),
)
def test_a_penalty_is_chosen_whatever_classes_there_are(seed, counts, folds):
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(len(counts)), counts)
    feats = rng.normal(size=(len(truth), 3)) + 4 * np.eye(3)[truth]
    penalties = (0.1, 10.0)
    chosen = outcome(lambda: choose_penalty(feats, truth, penalties, folds), 'labels')
    if chosen is REFUSED:
        assert sum(count > 1 for count in counts) < 2
        return
    assert chosen.penalty in penalties and 0 <= chosen.accuracy <= 1
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    for penalty in penalties:  # a linear machine knows no turn of the space
        moved = svm_accuracy(feats @ turn, truth, feats @ turn, truth, penalty)
        assert moved == pytest.approx(
            svm_accuracy(feats, truth, feats, truth, penalty), abs=1.01 / len(truth)
        )
