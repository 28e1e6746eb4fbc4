"""Training stops on NaN and infinity, naming scan and module; weights that are NaN never run."""

import pytest
import torch
from mmengine.optim.optimizer import amp_optimizer_wrapper
from tiny_training import tiny_runner, weights_of

from swin3d_mmdet3d.engine.hooks import FiniteTrainingHook

NAN, INF = float('nan'), float('inf')
WATCHED = dict(finite_training=dict(type='FiniteTrainingHook'), finite_weights=dict(type='FiniteWeightsHook'))


def stopped(runner):
    """The message that a training ends with; its weights are sound."""
    with pytest.raises(FloatingPointError) as caught:
        runner.train()
    assert all(tensor.isfinite().all() for tensor in runner.model.parameters())
    return str(caught.value)


@pytest.mark.parametrize('clip', [None, dict(max_norm=1.0)])
@pytest.mark.parametrize('value', [NAN, INF])
def test_the_first_module_with_bad_outputs_is_named_with_the_scans(tmp_path, value, clip):
    model = dict(bad='scan5.bin', forward_value=value)
    wrapper = dict(clip_grad=clip)
    told = stopped(tiny_runner(tmp_path, 9, WATCHED, model, optim_wrapper=wrapper))
    assert told.startswith('training stops at iteration 3: the norm of the gradient is nan')
    assert 'Scans: scan4.bin, scan5.bin. ' in told
    assert told.endswith('NaN or infinite outputs is fault (Fault), whose inputs are finite')


def test_a_gradient_that_goes_bad_alone_is_stopped_before_the_step(tmp_path):
    model = dict(bad='scan2.bin', backward_value=NAN)
    told = stopped(tiny_runner(tmp_path, 9, WATCHED, model))
    assert 'Scans: scan2.bin, scan3.bin. The forward pass is finite. ' in told
    # behind the fault, in the direction of the gradient, comes the norm
    assert 'gradient is norm (norm.' in told
    assert not list(tmp_path.glob('iter_2.pth')) and list(tmp_path.glob('iter_1.pth'))


def test_an_infinite_loss_of_finite_gradients_stops_the_training(tmp_path):
    told = stopped(tiny_runner(tmp_path, 9, WATCHED, dict(bad='scan0.bin', loss_value=INF)))
    assert told.startswith('training stops at iteration 1: the loss is inf. Scans: scan0.bin, scan1.bin')
    assert "these losses are not: {'loss': inf, 'loss_fit': inf}" in told


def test_of_accumulated_batches_the_bad_one_is_named(tmp_path):
    model, wrapper = dict(bad='scan0.bin', backward_value=NAN), dict(accumulative_counts=3)
    told = stopped(tiny_runner(tmp_path, 9, WATCHED, model, optim_wrapper=wrapper))
    assert told.startswith('training stops at iteration 3')
    assert 'Scans: scan0.bin, scan1.bin. ' in told and 'scan2' not in told


def test_weights_that_were_bad_already_are_named(tmp_path):
    runner = tiny_runner(tmp_path, 9, dict(finite_training=dict(type='FiniteTrainingHook')))
    runner.model.head.bias.data.fill_(NAN)
    with pytest.raises(FloatingPointError, match='Weights are NaN or infinite already: head.bias'):
        runner.train()


@pytest.mark.skipif(not hasattr(torch.amp, 'GradScaler'), reason='gradient scaling on the CPU')
def test_a_gradient_scaler_skips_an_infinite_gradient_and_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(amp_optimizer_wrapper, 'is_cuda_available', lambda: True)
    monkeypatch.setattr(amp_optimizer_wrapper, 'GradScaler', lambda: torch.amp.GradScaler('cpu'))
    wrapper = dict(type='AmpOptimWrapper', dtype='bfloat16')
    model = dict(bad='scan2.bin', backward_value=INF)
    runner = tiny_runner(tmp_path, 4, WATCHED, model, optim_wrapper=wrapper)
    runner.train()
    assert runner.iter == 4
    assert runner.optim_wrapper.loss_scaler.get_scale() == 2**15
    assert all(tensor.isfinite().all() for tensor in runner.model.parameters())
    model = dict(bad='scan2.bin', forward_value=NAN)
    told = stopped(tiny_runner(tmp_path / 'nan', 4, WATCHED, model, optim_wrapper=wrapper))
    assert 'iteration 2: the loss is nan' in told and 'is fault (Fault)' in told


def test_a_sound_training_is_the_same_with_and_without_the_hooks(tmp_path):
    runs = []
    for name, hooks in (('with', WATCHED), ('without', {})):
        runner = tiny_runner(tmp_path / name, 6, hooks)
        runner.train()
        runs.append(weights_of(runner))
    assert all(torch.equal(runs[0][key], runs[1][key]) for key in runs[0])


def test_the_optimiser_is_left_alone_after_training(tmp_path):
    runner = tiny_runner(tmp_path, 2, WATCHED)
    runner.train()
    assert any(isinstance(hook, FiniteTrainingHook) for hook in runner.hooks)
    assert not runner.optim_wrapper.optimizer._optimizer_step_pre_hooks


@pytest.mark.parametrize('name', ['encoder.weight', 'norm.running_var', 'ballast'])
@pytest.mark.parametrize('stage', ['train', 'val', 'test'])
def test_weights_that_are_bad_do_not_run(tmp_path, name, stage):
    runner = tiny_runner(tmp_path, 2, WATCHED)
    runner.model.state_dict()[name].view(-1)[0] = NAN
    with pytest.raises(ValueError, match=f'model to be {stage}.*: {name} has NaN'):
        runner.train() if stage == 'train' else runner.call_hook(f'before_{stage}_epoch')


def test_averaged_weights_are_looked_at(tmp_path):
    runner = tiny_runner(tmp_path, 2, WATCHED, custom_hooks=[dict(type='EMAHook')])
    runner.call_hook('before_run')
    averaged = next(hook for hook in runner.hooks if hasattr(hook, 'ema_model')).ema_model
    averaged.module.encoder.bias.data[0] = INF
    with pytest.raises(ValueError, match='model to be tested: encoder.bias has NaN or infinite values'):
        runner.call_hook('before_test_epoch')
