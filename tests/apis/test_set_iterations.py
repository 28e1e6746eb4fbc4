"""A training that is shortened or stretched keeps the shape of all its schedules."""

import pytest
from mmengine.config import Config

from swin3d_mmdet3d.apis import set_iterations
from swin3d_mmdet3d.engine.hooks import ValueScheduleHook


def config_of():
    return Config(
        dict(
            train_cfg=dict(max_iters=600),
            param_scheduler=[
                dict(type='LinearLR', begin=0, end=60),
                dict(type='CosineAnnealingLR', begin=60, end=600, T_max=540),
            ],
            custom_hooks=[
                dict(type='ExportHook'),
                dict(
                    type='ValueScheduleHook', target='x', base=0.9, start=0.3, final=0.5, warmup=60, end=600
                ),
                dict(type='ValueScheduleHook', target='y', base=0.9, final=1.0, end=600),
            ],
        )
    )


def values(config, index, iterations):
    settings = {key: value for key, value in config.custom_hooks[index].items() if key != 'type'}
    return [ValueScheduleHook(**settings).value_at(iteration) for iteration in iterations]


@pytest.mark.parametrize('factor', [0.5, 3])
def test_rates_and_values_are_those_of_the_same_share_of_the_training(factor):
    own, changed = config_of(), config_of()
    set_iterations(changed, int(600 * factor))
    assert changed.train_cfg.max_iters == 600 * factor
    bounds = [(one.begin, one.end, one.get('T_max')) for one in changed.param_scheduler]
    assert bounds == [(0, 60 * factor, None), (60 * factor, 600 * factor, 540 * factor)]
    shares = [0, 30, 60, 200, 600]
    for index in (1, 2):
        expected = values(own, index, shares)
        assert values(changed, index, [share * factor for share in shares]) == pytest.approx(expected)


def test_a_training_of_one_iteration_is_left_with_schedules_that_can_be_built():
    config = config_of()
    set_iterations(config, 1)
    assert values(config, 1, [0]) == [0.9] and values(config, 2, [0, 1]) == [0.9, 1.0]
