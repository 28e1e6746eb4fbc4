"""Controls of pretraining methods on generated rooms put one thing in random order and change no more."""

import pytest
from recipe_files import beside_control, recipes_of

SHUFFLED_PART = dict(four_d_contrast='matcher', md='mixer', sl3d='targets')
SHUFFLED_STEP = dict(c2p='PartialFrames', iae='SurfaceQueries', ponder='CropRays')


@pytest.mark.parametrize('folder', SHUFFLED_PART)
def test_a_control_differs_in_the_order_of_a_part_of_its_method(folder):
    method, control = beside_control(recipes_of(folder)[2])
    assert control['model'][SHUFFLED_PART[folder]].pop('shuffle') is True
    assert control == method


@pytest.mark.parametrize('folder', SHUFFLED_STEP)
def test_a_control_differs_in_the_order_of_what_a_step_of_its_pipeline_gives(folder):
    method, control = beside_control(recipes_of(folder)[2])
    steps = {step['type']: step for step in control['train_dataloader']['dataset']['pipeline']}
    assert steps[SHUFFLED_STEP[folder]].pop('shuffle') is True
    assert control == method
