"""Accuracies and part IoUs of objects against counts by hand."""

import numpy as np
import pytest
from mmdet3d.registry import METRICS

PARTS = {'Cap': (0, 1), 'Mug': (2, 3, 4)}


def test_accuracies_are_shares_of_objects_and_of_classes():
    metric = METRICS.build(dict(type='ObjectAccuracy'))
    pairs = [(0, 0), (0, 0), (1, 0), (1, 1)]  # found, wanted
    samples = [dict(pred_label=np.array([f]), gt_label=np.array([w])) for f, w in pairs]
    metric.process(None, samples)
    assert metric.compute_metrics(metric.results) == pytest.approx(
        dict(accuracy=3 / 4, class_accuracy=(2 / 3 + 1) / 2)
    )


def sample(category, found, wanted):
    return dict(
        gt_label=np.array([category]),
        pred_pts_seg=dict(pts_semantic_mask=np.array(found)),
        gt_pts_seg=dict(pts_semantic_mask=np.array(wanted)),
    )


def test_part_iou_is_a_mean_over_parts_then_objects_and_absent_parts_count_one():
    metric = METRICS.build(dict(type='PartIoUMetric', parts=PARTS))
    metric.process(None, [sample(0, [0, 0, 1, 1], [0, 1, 1, 1])])  # 1/2 and 2/3
    metric.process(None, [sample(0, [0, 0], [0, 0])])  # 1 and, absent, 1
    metric.process(None, [sample(1, [2, 2, 3, 4], [2, 3, 3, 2])])  # 1/3, 1/2, 0
    caps, mug = [(1 / 2 + 2 / 3) / 2, 1.0], (1 / 3 + 1 / 2) / 3
    wanted = dict(instance_miou=(sum(caps) + mug) / 3, category_miou=(sum(caps) / 2 + mug) / 2)
    assert metric.compute_metrics(metric.results) == pytest.approx(wanted)
