"""Trainings of two processes on the CPU against those of one process with the same global batch."""

import shutil

import numpy as np
import pytest
import torch
from resumed_recipes import RECIPES, config_of, on_rooms
from two_processes import logged, states, train_in_processes

from swin3d_mmdet3d.apis import set_data_root
from swin3d_mmdet3d.synthetic_rooms import make_rooms

STEPS = 4
WITHOUT_UNUSED = ('ppkt', 'segmentation', 'tr3d', 'sonata', 'grouping', 'detection')
"""Recipes whose every weight has a gradient in every step, so that unused ones need not be looked for."""


def tr3d(data):
    """TR3D on generated rooms."""
    return on_rooms('tr3d_swin3d-tiny_rooms-scannet-det', 'scannet', 4, data)


def sonata(data):
    """Sonata on small crops of generated rooms."""
    config = config_of('sonata_swin3d-tiny_rooms')
    rooms = make_rooms('s3dis', str(data), 6, points_per_room=1500, seed=3, workers=1)
    set_data_root(config, rooms)
    config.model.data_preprocessor.voxel_size = 0.2
    return config


METHODS = {name: RECIPES[name] for name in ('segmentation', 'detection', 'grouping', 'ppkt', 'ppt')}
METHODS |= dict(tr3d=tr3d, sonata=sonata)


def recipe(name, data):
    """A recipe without validation, without random numbers but those of the data, by plain SGD."""
    config = METHODS[name](data)
    for part in ('dataloader', 'cfg', 'evaluator'):
        config[f'val_{part}'] = config[f'test_{part}'] = None
    config.train_dataloader.update(num_workers=0, persistent_workers=False)
    config.train_cfg = dict(type='IterBasedTrainLoop', max_iters=STEPS)
    config.param_scheduler = []
    # Adam would make steps of the rounding errors of gradients that are 0
    config.optim_wrapper.optimizer = dict(type='SGD', lr=0.005, momentum=0.9)
    config.default_hooks.checkpoint.update(by_epoch=False, interval=STEPS // 2, save_best=None)
    config.default_hooks.logger.interval = 1
    config.log_processor = dict(type='LogProcessor', window_size=1, by_epoch=False)
    config.find_unused_parameters = name not in WITHOUT_UNUSED
    config.env_cfg.dist_cfg.timeout = 60
    config.log_level = 'WARNING'
    return config


def joined(found):
    """All numbers of each state, one after the other."""
    return [torch.cat([value.flatten().double() for value in state.values()]) for state in found]


def without_chance(monkeypatch):
    """Choices are the first ones in place of random ones, which would follow the rows of a process."""
    monkeypatch.setattr(torch, 'randperm', lambda count, **options: torch.arange(count))
    monkeypatch.setattr(
        'swin3d_mmdet3d.models.dense_heads.cagroup3d.roi_head.sample_rois',
        lambda iou, **settings: torch.arange(len(iou)),
    )


@pytest.mark.slow
@pytest.mark.parametrize('name', METHODS)
def test_losses_and_weights_are_those_of_one_process_with_the_same_global_batch(name, tmp_path, monkeypatch):
    without_chance(monkeypatch)
    config = recipe(name, tmp_path / 'data')
    config.custom_hooks = [*config.get('custom_hooks', []), dict(type='SteadyNorms')]
    if 'backbone' in config.model:
        config.model.backbone.drop_path_rate = 0.0
    for number in (1, 2):
        train_in_processes(config, tmp_path / str(number), number, samples=2)
    alone, both = (logged(tmp_path / str(number)) for number in (1, 2))
    losses = [key for key in alone if 'loss' in key]
    assert len(alone['loss']) == STEPS
    for key in losses:
        np.testing.assert_allclose(both[key], alone[key], rtol=1e-4, atol=1e-6, err_msg=key)
    (start,), (expected,) = (joined(states(tmp_path / '1', moment)) for moment in ('start', 'end'))
    own, other = joined(states(tmp_path / '2'))
    assert torch.equal(own, other)
    assert (own - expected).norm() < 0.01 * (expected - start).norm()


@pytest.mark.slow
@pytest.mark.parametrize('name', METHODS)
def test_with_training_norms_losses_are_finite_and_resumed_trainings_are_uninterrupted_ones(name, tmp_path):
    config = recipe(name, tmp_path / 'data')
    whole, rest = tmp_path / 'whole', tmp_path / 'rest'
    train_in_processes(config, whole, 2, samples=2)
    assert len(logged(whole)['loss']) == STEPS
    assert all(np.isfinite(values).all() for key, values in logged(whole).items() if 'loss' in key)
    own, other = states(whole)
    assert all(torch.equal(other[key], value) for key, value in own.items())
    moved = joined(states(whole))[0] - joined(states(whole, 'start'))[0]
    assert moved.norm() > 0

    rest.mkdir()
    shutil.copy(whole / f'iter_{STEPS // 2}.pth', rest)
    train_in_processes(config, rest, 2, 2, '--resume', str(rest / f'iter_{STEPS // 2}.pth'))
    assert len(logged(rest)['loss']) == STEPS // 2
    for state in states(rest):
        assert all(torch.equal(state[key], value) for key, value in own.items())
