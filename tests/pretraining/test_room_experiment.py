import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / 'projects' / 'ppkt' / 'room_experiment.py'


@pytest.fixture(scope='module')
def experiment():
    spec = importlib.util.spec_from_file_location('room_experiment', SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_labelled_rooms_are_of_the_training_areas_and_change_with_the_seed(experiment):
    chosen = [experiment.labelled_scenes(60, 10, seed) for seed in range(3)]
    assert all(len(set(scenes)) == 10 and 0 <= min(scenes) and max(scenes) < 50 for scenes in chosen)
    assert chosen[0] == experiment.labelled_scenes(60, 10, 0) and chosen[0] != chosen[1]


def test_table_has_a_row_per_seed_and_the_medians_of_values_and_gains(experiment):
    values = [(40, 35, 30, 20), (50, 51, 31, 22), (45, 41, 36, 21)]
    results = [
        dict(seed=seed, pretraining_seconds=100.4, **dict(zip(experiment.ARMS, row)))
        for seed, row in enumerate(values)
    ]
    rows = [line.replace('|', ' ').split() for line in experiment.table(results).splitlines()]
    assert ['1', '50.0', '51.0', '31.0', '22.0', '-1.0', '9.0', '100'] in rows
    assert ['median', '45.0', '41.0', '31.0', '21.0', '4.0', '10.0'] in rows


def test_runs_are_seeded_shortened_and_pointed_at_the_rooms(experiment, tmp_path):
    config = experiment.run_config(experiment.FINETUNE, tmp_path, tmp_path / 'run', 3, 60)
    assert config.train_cfg.max_iters == 60 and config.param_scheduler[1]['end'] == 60
    assert config.train_dataloader.dataset.dataset.data_root == str(tmp_path)
    assert config.test_dataloader.dataset.data_root == str(tmp_path)
    assert config.randomness.seed == 3


def test_crops_of_pretraining_lie_around_the_anchor_that_was_asked_for(experiment, tmp_path):
    assert experiment.parse_arguments([]).anchor == 'matched'
    for anchor in ('random', 'matched'):
        config = experiment.run_config(experiment.PRETRAIN, tmp_path, tmp_path / 'run', 3, 60)
        experiment.set_anchor(config, anchor)
        crops = [step for step in config.train_dataloader.dataset.pipeline if step.type == 'SphereCrop']
        assert [crop.anchor for crop in crops] == [anchor]
