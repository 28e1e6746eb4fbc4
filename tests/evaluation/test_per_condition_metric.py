"""Scores of a joint evaluation against scores of each data set alone."""

import numpy as np
import pytest
import torch

from swin3d_mmdet3d.evaluation import ConfusionSegMetric, PerConditionMetric

NAMES = dict(a=('wall', 'floor'), b=('wall', 'floor', 'chair'))


def sample(condition, rng, num_points=200):
    classes = len(NAMES[condition])
    truth = rng.integers(0, classes, num_points)
    guess = np.where(rng.random(num_points) < 0.6, truth, rng.integers(0, classes, num_points))
    return dict(
        condition=condition,
        eval_ann_info=dict(pts_semantic_mask=truth),
        pred_pts_seg=dict(pts_semantic_mask=torch.from_numpy(guess)),
    )


def make():
    return PerConditionMetric({name: dict(type='ConfusionSegMetric') for name in NAMES}, NAMES)


def test_scores_are_those_of_each_condition_alone_and_their_mean():
    rng = np.random.default_rng(0)
    samples = [sample(condition, rng) for condition in 'abbaab']
    joint = make()
    for one in samples:
        joint.process({}, [one])
    scores = joint.evaluate(len(samples))
    for condition, names in NAMES.items():
        alone = ConfusionSegMetric()
        alone.dataset_meta = dict(label2cat=dict(enumerate(names)), ignore_index=255)
        own = [one for one in samples if one['condition'] == condition]
        alone.process({}, own)
        for name, value in alone.evaluate(len(own)).items():
            assert scores[f'{condition}/{name}'] == value
    assert scores['mean/miou'] == pytest.approx((scores['a/miou'] + scores['b/miou']) / 2)
    assert 'mean/chair' not in scores


def test_a_sample_of_an_unknown_condition_is_refused():
    one = sample('a', np.random.default_rng(0))
    one['condition'] = 'c'
    with pytest.raises(ValueError, match="must be one of .'a', 'b'., got 'c'"):
        make().process({}, [one])


def test_metrics_and_names_of_other_conditions_are_refused():
    with pytest.raises(ValueError, match='same conditions'):
        PerConditionMetric(dict(a=dict(type='ConfusionSegMetric')), NAMES)
