"""The semantic threshold follows the table of the original, also in a resumed run."""

from types import SimpleNamespace

import pytest
from torch import nn

from swin3d_mmdet3d.engine.hooks import SemanticThresholdHook


def runner_at(epoch):
    model = nn.Module()
    model.bbox_head = SimpleNamespace(semantic_threshold=None)
    return SimpleNamespace(model=model, epoch=epoch)


@pytest.mark.parametrize(
    'epoch, threshold', [(0, 0.15), (1, 0.13), (4, 0.07), (5, 0.05), (6, 0.05), (49, 0.05)]
)
def test_threshold_of_an_epoch(epoch, threshold):
    runner = runner_at(epoch)
    SemanticThresholdHook().before_train_epoch(runner)
    assert runner.model.bbox_head.semantic_threshold == pytest.approx(threshold)


def test_a_threshold_may_stay_at_1():
    runner = runner_at(3)
    SemanticThresholdHook(start=1, step=0, minimum=1).before_train_epoch(runner)
    assert runner.model.bbox_head.semantic_threshold == 1


def test_a_resumed_run_has_the_threshold_of_its_epoch():
    whole = runner_at(0)
    hook = SemanticThresholdHook()
    for epoch in range(4):
        whole.epoch = epoch
        hook.before_train_epoch(whole)
    resumed = runner_at(3)
    SemanticThresholdHook().before_train_epoch(resumed)
    assert resumed.model.bbox_head.semantic_threshold == whole.model.bbox_head.semantic_threshold


def test_a_model_without_threshold_is_refused():
    runner = SimpleNamespace(model=nn.Linear(1, 1), epoch=0)
    with pytest.raises(ValueError, match='bbox_head has a semantic_threshold'):
        SemanticThresholdHook().before_train_epoch(runner)


@pytest.mark.parametrize('change', [dict(minimum=0.2), dict(step=-0.1), dict(start=1.5)])
def test_a_schedule_that_rises_is_refused(change):
    with pytest.raises(ValueError, match='start, step and minimum'):
        SemanticThresholdHook(**change)
