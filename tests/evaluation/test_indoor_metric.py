"""mAP is that of the closed form; a class without boxes is named and left out."""

import logging
import math

import numpy as np
import pytest
import torch
from mmdet3d.evaluation import IndoorMetric
from mmdet3d.structures import DepthInstance3DBoxes
from mmengine.logging import MMLogger

from swin3d_mmdet3d.evaluation import PresentClassIndoorMetric

NAMES = ('chair', 'table', 'sofa')


def cubes(*centers):
    rows = torch.tensor([[*center, 1, 1, 1] for center in centers], dtype=torch.float32).reshape(-1, 6)
    return DepthInstance3DBoxes(rows, box_dim=6, with_yaw=False, origin=(0.5, 0.5, 0.5))


def truth(centers, labels):
    return dict(gt_bboxes_3d=cubes(*centers), gt_labels_3d=np.array(labels, dtype=np.int64))


def prediction(centers, labels, scores):
    return dict(
        bboxes_3d=cubes(*centers),
        labels_3d=torch.tensor(labels, dtype=torch.long),
        scores_3d=torch.tensor(scores, dtype=torch.float32),
    )


def evaluate(metric_type, scenes):
    metric = metric_type()
    metric.dataset_meta = dict(classes=NAMES, box_type_3d='Depth')
    samples = [dict(eval_ann_info=gt, pred_instances_3d=boxes) for gt, boxes in scenes]
    metric.process({}, samples)
    return metric.evaluate(len(scenes))


# Chairs: hit, miss, hit out of two. A table off by half its edge: IoU 1 / 3.
TRUTH = truth([(0, 0, 0), (5, 0, 0), (0, 9, 0)], [0, 0, 1])
FOUND = ([(0, 0, 0), (20, 0, 0), (5, 0, 0), (0.5, 9, 0)], [0, 0, 0, 1], [0.9, 0.8, 0.7, 0.6])
CHAIR_AP = 0.5 * 1 + 0.5 * 2 / 3


@pytest.fixture
def warnings():
    logger, lines = MMLogger.get_current_instance(), []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: lines.append(record.getMessage())
    logger.addHandler(handler)
    yield lines
    logger.removeHandler(handler)


def test_mean_over_the_classes_present_is_the_closed_form(warnings):
    centers, labels, scores = FOUND
    sofa = prediction([*centers, (3, 3, 3)], [*labels, 2], [*scores, 0.99])
    scores = evaluate(PresentClassIndoorMetric, [(TRUTH, sofa)])
    assert scores['chair_AP_0.25'] == pytest.approx(CHAIR_AP)
    assert scores['mAP_0.25'] == pytest.approx((CHAIR_AP + 1) / 2)
    assert scores['mAP_0.50'] == pytest.approx((CHAIR_AP + 0) / 2)
    assert scores['mAR_0.50'] == pytest.approx((1 + 0) / 2)
    assert any('1 of 3 classes have no box' in line and line.endswith('sofa') for line in warnings)
    assert math.isnan(evaluate(IndoorMetric, [(TRUTH, sofa)])['mAP_0.25'])


def test_boxes_of_several_scenes_are_ranked_together():
    chair = truth([(0, 0, 0)], [0])
    scenes = [(chair, prediction([(0, 0, 0)], [0], [0.5])), (chair, prediction([(7, 0, 0)], [0], [0.9]))]
    # The miss ranks first: recall 1 / 2 at precision 1 / 2.
    assert evaluate(PresentClassIndoorMetric, scenes)['mAP_0.25'] == pytest.approx(0.25)


def test_stock_metric_agrees_where_all_classes_occur(warnings):
    scene = truth([(0, 0, 0), (5, 0, 0), (0, 9, 0), (3, 3, 3)], [0, 0, 1, 2])
    found = prediction(*FOUND)
    assert evaluate(PresentClassIndoorMetric, [(scene, found)]) == evaluate(IndoorMetric, [(scene, found)])
    assert not [line for line in warnings if 'no box' in line]


def test_scene_without_predictions_scores_zero():
    scores = evaluate(PresentClassIndoorMetric, [(TRUTH, prediction([], [], []))])
    assert scores['mAP_0.25'] == 0 and scores['mAP_0.50'] == 0


def test_ground_truth_without_any_box_is_refused():
    with pytest.raises(ValueError, match='at least one box, got none in 1 scenes'):
        evaluate(PresentClassIndoorMetric, [(truth([], []), prediction(*FOUND))])
