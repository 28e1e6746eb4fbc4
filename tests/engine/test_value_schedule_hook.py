"""Scheduled numbers: closed forms, the numbers of a resumed training, and what is no number of the model."""

import math
from types import SimpleNamespace

import pytest
from mmengine.hooks import Hook
from tiny_pretraining import run_tiny, tiny_self_teaching
from torch import nn

from swin3d_mmdet3d.engine.hooks import ValueScheduleHook


def test_values_at_the_start_the_end_of_the_warm_up_halfway_the_end_and_after_it():
    hook = ValueScheduleHook('x', base=0.7, start=0.3, final=0.1, warmup=50, end=1000)
    at = {0: 0.3, 25: 0.5, 50: 0.7, 525: 0.4, 1000: 0.1, 2000: 0.1}
    assert [hook.value_at(iteration) for iteration in at] == pytest.approx(list(at.values()))
    for iteration in range(50, 1000):
        expected = 0.1 + 0.6 * 0.5 * (1 + math.cos(math.pi * (iteration - 50) / 950))
        assert hook.value_at(iteration) == pytest.approx(expected)


def test_without_final_value_it_stays_and_without_warm_up_it_goes_at_once():
    stays = ValueScheduleHook('x', base=0.7, start=0.3, warmup=10, end=100)
    assert [stays.value_at(iteration) for iteration in range(10, 101)] == pytest.approx([0.7] * 91)
    rises = ValueScheduleHook('x', base=0.994, final=1.0, end=100)
    values = [rises.value_at(iteration) for iteration in range(101)]
    assert values[0] == pytest.approx(0.994) and values[-1] == 1.0 and values == sorted(values)


class Seen(Hook):
    """The momentum of each iteration."""

    priority = 'LOWEST'

    def __init__(self):
        self.values = []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.values.append((runner.iter, runner.model.teacher.momentum))


def test_a_resumed_training_has_the_numbers_of_the_uninterrupted_one(tmp_path):
    def run(folder, iters, **options):
        seen = Seen()
        schedule = dict(type='ValueScheduleHook', target='teacher.momentum', base=0.5, final=1.0, end=4)
        hooks = [dict(type='MomentumTeacherHook'), schedule, seen]
        run_tiny(folder, tiny_self_teaching(), hooks, iters=iters, interval=2, **options)
        return seen.values

    whole = run(tmp_path / 'whole', 4)
    assert run(tmp_path / 'resumed', 2) == whole[:2]
    assert run(tmp_path / 'resumed', 4, resume=True) == whole[2:]
    assert [iteration for iteration, _ in whole] == [0, 1, 2, 3]
    expected = [1 - 0.25 * (1 + math.cos(math.pi * iteration / 4)) for iteration in range(4)]
    assert [value for _, value in whole] == pytest.approx(expected)


@pytest.mark.parametrize('target', ['nothing', 'part.nothing', 'elsewhere.ratio', 'part.name', 'part.on'])
def test_what_is_no_number_of_the_model_is_refused_before_training(target):
    model = nn.Module()
    model.part = nn.Linear(1, 1)
    model.part.name, model.part.on = 'linear', True
    hook = ValueScheduleHook(target, base=1.0, end=10)
    with pytest.raises(ValueError, match=f"target must be a number of the model, got '{target}'"):
        hook.before_train(SimpleNamespace(model=model))


def test_a_warm_up_that_does_not_end_before_the_schedule_is_refused():
    with pytest.raises(ValueError, match=r'warmup must lie in \[0, 10\), before the end, got 10'):
        ValueScheduleHook('x', base=1.0, warmup=10, end=10)
