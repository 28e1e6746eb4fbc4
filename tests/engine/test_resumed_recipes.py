"""Recipes that are killed and resumed give the weights, teachers, states and losses of uninterrupted ones."""

import uuid

import pytest
import torch
from killed_training import Training, resumed_from, steps
from mmengine.runner import Runner
from resumed_recipes import RECIPES, recipe
from resumed_training import assert_same_end, killed_and_resumed, trained

pytestmark = pytest.mark.filterwarnings('ignore:This DataLoader will create')


SLOW = {'grouping', 'tr3d'}


def cases():
    for name in RECIPES:
        for workers in (0, 2):
            marks = [pytest.mark.slow] if workers or name in SLOW else []
            yield pytest.param(name, workers, marks=marks, id=f'{name}-{workers}')


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize(('name', 'workers'), cases())
def test_a_resumed_recipe_is_the_uninterrupted_one(tmp_path, name, workers, monkeypatch):
    monkeypatch.setattr('os.fsync', lambda file: None)  # a busy disk takes seconds
    config = recipe(name, tmp_path / 'data', workers, iters=5)

    def make(folder, **changes):
        settings = dict(work_dir=str(tmp_path / folder), log_level='WARNING')
        settings['experiment_name'] = uuid.uuid4().hex
        copy = config.copy()
        copy.update(settings, **changes)
        return Runner.from_cfg(copy)

    trained(make('whole'))
    killed_and_resumed(make('parts'), lambda: make('parts', resume=True), iteration=3)
    assert_same_end(tmp_path / 'whole', tmp_path / 'parts')


@pytest.mark.slow
@pytest.mark.parametrize('workers', [0, 2])
@pytest.mark.parametrize('name', ['segmentation', 'detection', 'ppkt', 'moving_teacher', 'ppt'])
def test_a_process_killed_by_the_system_and_resumed_ends_as_one_that_was_not(tmp_path, name, workers):
    config = recipe(name, tmp_path / 'data', workers, iters=12)
    config.custom_imports.imports.append('tiny_pretraining')
    config.dump(tmp_path / 'config.py')
    Training(tmp_path / 'config.py', tmp_path / 'whole').finish()

    killed = Training(tmp_path / 'config.py', tmp_path / 'parts')
    try:
        killed.wait_for(lambda: 4 in steps(tmp_path / 'parts'))
    finally:
        killed.kill()
    assert 12 not in steps(tmp_path / 'parts')
    resumed = Training(tmp_path / 'config.py', tmp_path / 'parts')
    resumed.finish()
    assert resumed_from(resumed.text()) >= 4
    assert_same_end(tmp_path / 'whole', tmp_path / 'parts')
