"""Confusion matrices, the metric made of them and the merging of folds."""

import numpy as np
import pytest
import torch
from mmdet3d.registry import METRICS

from swin3d_mmdet3d.evaluation import (
    RunScores,
    SegmentationScores,
    confusion_matrix,
    merge_areas,
    scores_table,
    segmentation_scores,
)

NAMES = ('a', 'b', 'c')


def build(type_, classes=NAMES):
    metric = METRICS.build(dict(type=type_))
    metric.dataset_meta = dict(label2cat=dict(enumerate(classes)), ignore_index=255)
    return metric


def run(metric, pairs):
    for truth, prediction in pairs:
        sample = dict(
            pred_pts_seg=dict(pts_semantic_mask=torch.from_numpy(prediction.copy())),
            eval_ann_info=dict(pts_semantic_mask=truth.copy()),
        )
        metric.process({}, [sample])
    return metric.compute_metrics(metric.results)


def test_matrix_counts_pairs_and_leaves_out_ignored_points():
    truth = np.array([0, 0, 1, 1, 1, 2, 255, -1])
    prediction = np.array([0, 1, 1, 1, 0, 2, 0, 2])
    assert confusion_matrix(truth, prediction, 3).tolist() == [[1, 1, 0], [1, 2, 0], [0, 0, 1]]


def test_scores_are_the_closed_form():
    scores = segmentation_scores(np.array([[3, 1, 0], [2, 4, 0], [0, 0, 0]]))
    np.testing.assert_allclose(scores.iou, [3 / 6, 4 / 7, np.nan])
    np.testing.assert_allclose(scores.class_accuracy, [3 / 4, 4 / 6, np.nan])
    assert scores.accuracy == pytest.approx(7 / 10)
    assert scores.mean_iou == pytest.approx((3 / 6 + 4 / 7) / 2)


def test_a_class_predicted_beside_the_truth_counts_0_and_one_in_neither_does_not_count():
    matrix = confusion_matrix(np.array([0, 0, 1]), np.array([0, 2, 1]), 4)
    scores = segmentation_scores(matrix)
    np.testing.assert_array_equal(scores.iou, [1 / 2, 1, 0, np.nan])
    assert scores.mean_iou == pytest.approx((1 / 2 + 1 + 0) / 3)
    assert scores.mean_iou_of_truth == pytest.approx((1 / 2 + 1) / 2)
    lines = scores_table(scores, 'abcd').splitlines()
    assert [line.split()[3] for line in lines if ' d ' in line] == ['-']
    assert [line.split()[3] for line in lines if ' mean ' in line] == ['0.5000']


def test_without_labels_there_is_no_mean():
    scores = segmentation_scores(confusion_matrix(np.array([-1, 9]), np.array([0, 1]), 3))
    assert np.isnan([scores.mean_iou, scores.mean_iou_of_truth, scores.accuracy]).all()


def test_metric_agrees_with_mmdet3d():
    rng = np.random.default_rng(0)
    pairs = []
    for size in (50, 400, 3):
        truth = rng.choice([0, 1, 2, 3, 255], size)
        pairs.append((truth, np.where(rng.random(size) < 0.6, truth % 255, rng.integers(0, 4, size))))
    classes = ('a', 'b', 'c', 'd')
    ours, stock = (run(build(name, classes), pairs) for name in ('ConfusionSegMetric', 'SegMetric'))
    assert ours.keys() == stock.keys()
    for name, value in stock.items():
        assert ours[name] == pytest.approx(value, abs=1e-12), name


def test_groups_average_the_ious_of_their_classes():
    metric = build('ConfusionSegMetric')
    metric.dataset_meta['class_groups'] = dict(head=('a', 'b', 'one that was not chosen'), tail=('c',))
    truth, prediction = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 1, 0])
    scores = run(metric, [(truth, prediction)])
    assert scores['miou_head'] == pytest.approx((2 / 4 + 2 / 3) / 2)
    assert scores['miou_tail'] == 0


@pytest.mark.parametrize(
    ('truth', 'prediction', 'message'),
    [
        (np.zeros(4, int), np.zeros(3, int), 'one shape'),
        (np.zeros(4, int), np.full(4, 3), 'classes 0 .. 2, got 3 .. 3'),
    ],
)
def test_wrong_predictions_raise_with_the_scene(truth, prediction, message):
    metric = build('ConfusionSegMetric')
    sample = dict(pred_pts_seg=dict(pts_semantic_mask=torch.from_numpy(prediction)), lidar_path='room_7.bin')
    with pytest.raises(ValueError, match=f'room_7.bin: .*{message}'):
        metric.process({}, [dict(sample, eval_ann_info=dict(pts_semantic_mask=truth))])


def fold(area, matrix, classes=NAMES):
    return RunScores('config', 'best.pth', True, [f's3dis_infos_Area_{area}.pkl'], {}, list(classes), matrix)


def test_folds_are_merged_by_their_counts_not_by_their_scores():
    """Area 1: class a right, b wrong. Area 2, larger: b right. Class c occurs nowhere and counts as 0."""
    merged, scores = merge_areas(
        [
            fold(1, [[10, 0, 0], [10, 0, 0], [0, 0, 0]]),
            fold(2, [[0, 0, 0], [0, 80, 0], [0, 0, 0]]),
        ]
    )
    assert merged.tolist() == [[10, 0, 0], [10, 80, 0], [0, 0, 0]]
    np.testing.assert_allclose(scores.iou, [10 / 20, 80 / 90, 0])
    assert scores.mean_iou == pytest.approx((10 / 20 + 80 / 90) / 3)
    assert scores.mean_accuracy == pytest.approx((1 + 80 / 90) / 3)
    assert scores.accuracy == pytest.approx(90 / 100)
    assert isinstance(scores, SegmentationScores)


@pytest.mark.parametrize(
    ('folds', 'message'),
    [
        ([], 'got none'),
        ([fold(1, [[1]]), fold(1, [[1]])], 's3dis_infos_Area_1.pkl twice'),
        ([fold(1, [[1]]), fold(2, [[1]], 'ab')], 'same classes'),
        ([fold(1, None)], 'confusion matrices'),
    ],
)
def test_folds_that_do_not_belong_together_raise(folds, message):
    with pytest.raises(ValueError, match=message):
        merge_areas(folds)


def test_result_files_come_back_as_they_were_written(tmp_path):
    result = fold(3, [[1, 2], [3, 4]], 'ab')
    path = result.write(tmp_path)
    assert path.name == 'test_result_votes.json'
    assert vars(RunScores.read(path)) == vars(result)


def test_broken_result_files_raise_with_their_name(tmp_path):
    broken = tmp_path / 'test_result.json'
    with pytest.raises(ValueError, match='test_result.json is missing'):
        RunScores.read(broken)
    for content in ('{', '{"miou": 1}', '[]'):
        broken.write_text(content)
        with pytest.raises(ValueError, match='test_result.json is not a result file'):
            RunScores.read(broken)
