"""Trainings whose weights two processes share (FSDP), by the strategy of the recipe for Swin3D-L."""

import copy
import os
import shutil

import numpy as np
import pytest
import torch
from mmdet3d.registry import HOOKS
from mmengine.hooks import Hook
from resumed_recipes import config_of
from test_two_processes import STEPS, joined, recipe, without_chance
from tiny_scenes import write_tiny_scannet
from two_processes import logged, states, train_in_processes

from swin3d_mmdet3d.apis import set_data_root

SHARDED = 'swin3d-large_scannet-seg_rgbn_fsdp'


@HOOKS.register_module(force=True)
class CountHeld(Hook):
    """Write how many weights a process holds between steps, and how many there are."""

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        held = sum(weight.numel() for weight in runner.model.parameters())
        whole = sum(value.numel() for value in runner.model.state_dict().values())
        torch.save((held, whole), os.path.join(runner.work_dir, f'held{runner.rank}.pth'))


def sharded(config):
    """The config with the runner and the strategy of the recipe for Swin3D-L."""
    large = config_of(SHARDED)
    config = copy.deepcopy(config)
    config.runner_type, config.strategy = large.runner_type, large.strategy
    config.model.backbone.with_cp = config.model.neck.with_cp = True  # a block is computed again as a unit
    return config


@pytest.mark.slow
def test_weights_and_losses_are_those_of_one_process_and_a_resume_passes_over_a_damaged_checkpoint(
    tmp_path, monkeypatch
):
    without_chance(monkeypatch)
    config = recipe('segmentation', tmp_path / 'data')
    config.custom_hooks = [*config.get('custom_hooks', []), dict(type='SteadyNorms')]
    config.model.backbone.drop_path_rate = 0.0
    train_in_processes(config, tmp_path / 'alone', 1, samples=2)
    (start,), (expected,) = (joined(states(tmp_path / 'alone', moment)) for moment in ('start', 'end'))
    (weights,) = states(tmp_path / 'alone', 'start')
    config.load_from = str(tmp_path / 'start.pth')  # the runner of strategies draws others
    torch.save(dict(state_dict=weights, meta={}), config.load_from)
    train_in_processes(sharded(config), tmp_path / 'both', 2, samples=2)
    end = torch.load(tmp_path / 'both' / f'iter_{STEPS}.pth', weights_only=True)
    assert list(end['state_dict']) == list(states(tmp_path / 'alone')[0])
    (found,) = joined([end['state_dict']])
    assert (found - expected).norm() < 0.01 * (expected - start).norm()
    loss = logged(tmp_path / 'alone')['loss']
    np.testing.assert_allclose(logged(tmp_path / 'both')['loss'], loss, rtol=1e-4)

    rest = tmp_path / 'rest'
    rest.mkdir()
    shutil.copy(tmp_path / 'both' / f'iter_{STEPS // 2}.pth', rest)
    damaged = rest / f'iter_{STEPS}.pth'
    damaged.write_bytes((tmp_path / 'both' / damaged.name).read_bytes()[:-1000])
    (rest / 'last_checkpoint').write_text(str(damaged))
    train_in_processes(sharded(config), rest, 2, 2, '--resume')
    resumed = torch.load(rest / f'iter_{STEPS}.pth', weights_only=True)['state_dict']
    assert all(torch.equal(resumed[name], value) for name, value in end['state_dict'].items())


@pytest.mark.slow
def test_the_recipe_of_swin3d_large_takes_steps_and_each_process_holds_half_of_its_weights(tmp_path):
    config = config_of(SHARDED)
    set_data_root(config, write_tiny_scannet(tmp_path / 'data', 300, 2))
    for part in ('dataloader', 'cfg', 'evaluator'):
        config[f'val_{part}'] = config[f'test_{part}'] = None
    config.train_dataloader.update(num_workers=0, persistent_workers=False)
    config.train_cfg = dict(type='IterBasedTrainLoop', max_iters=2)
    config.param_scheduler = []
    config.optim_wrapper.optimizer.lr = 1e-4
    config.default_hooks.checkpoint.update(by_epoch=False, interval=100, save_last=False, save_best=None)
    config.default_hooks.logger.interval = 1
    config.log_processor = dict(type='LogProcessor', window_size=1, by_epoch=False)
    config.env_cfg.dist_cfg.timeout = 120
    config.custom_hooks = [dict(type='CountHeld')]
    train_in_processes(config, tmp_path / 'large', 2, samples=2)
    losses = logged(tmp_path / 'large')['loss']
    assert len(losses) == 2 and np.isfinite(losses).all()
    for rank in range(2):
        held, whole = torch.load(tmp_path / 'large' / f'held{rank}.pth')
        assert whole > 6e7
        assert held == pytest.approx(whole / 2, rel=0.02)
