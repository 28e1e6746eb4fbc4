"""Ctrl-C and SIGTERM end a training with all it has, and it goes on as if they had not come."""

import os
import signal
import subprocess
import time
from multiprocessing import active_children

import pytest
import torch
from killed_training import Training, resumed_from
from mmengine.hooks import Hook
from noisy_training import noisy_runner
from resumed_recipes import recipe
from resumed_training import assert_same_end, scramble, trained
from tiny_training import tiny_runner, weights_of

from swin3d_mmdet3d import stop_signals
from swin3d_mmdet3d.atomic_write import atomic_write
from swin3d_mmdet3d.stop_signals import StopRequest
from swin3d_mmdet3d.tools.mistakes import run_tool

pytestmark = pytest.mark.filterwarnings('ignore:This DataLoader will create')

STATUS = {signal.SIGINT: 130, signal.SIGTERM: 143}
STOP = dict(stop_signal=dict(type='StopSignalHook'))


@pytest.fixture(autouse=True)
def unsynced(monkeypatch):
    """Saves that leave it to the system when they reach the disk, which may take seconds."""
    monkeypatch.setattr('os.fsync', lambda file: None)


@pytest.fixture(autouse=True)
def handlers_stay():
    """Signals do what they do in a terminal, whatever they do here, and the same behind each test."""
    usual = (signal.default_int_handler, signal.SIG_DFL)
    before = [signal.signal(number, handler) for number, handler in zip(STATUS, usual)]
    yield
    after = tuple(signal.getsignal(number) for number in STATUS)
    for number, handler in zip(STATUS, before):
        signal.signal(number, handler)
    assert after == usual


class Send(Hook):
    """Send this process a signal in the middle of an iteration, of the training or of a validation."""

    def __init__(self, number, iteration, validation=False, times=1):
        self.number, self.iteration, self.validation, self.times = number, iteration, validation, times

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if not self.validation and runner.iter + 1 == self.iteration:
            for _ in range(self.times):
                os.kill(os.getpid(), self.number)
                time.sleep(0.01)

    def before_val_iter(self, runner, batch_idx, data_batch=None):
        if self.validation and runner.iter == self.iteration and batch_idx == 1:
            os.kill(os.getpid(), self.number)


def stopped(runner, status):
    """The runner after a training that ends with the exit status."""
    with pytest.raises(SystemExit) as end:
        trained(runner)
    assert end.value.code == status
    return runner


CASES = {
    'iterations': (dict(length=9), 5),
    'middle of an epoch': (dict(length=3, by_epoch=True), 6),
    'end of an epoch': (dict(length=3, by_epoch=True), 4),
    'last iteration': (dict(length=3, by_epoch=True), 12),
}


def cases():
    """Each case by one signal or the other without workers; of those with workers one is a fast test."""
    for place, name in enumerate(CASES):
        yield pytest.param(name, 0, list(STATUS)[place % 2], id=f'{name}-0')
    yield pytest.param('iterations', 2, signal.SIGTERM, id='iterations-2')
    yield pytest.param('middle of an epoch', 2, signal.SIGINT, id='epoch-2', marks=pytest.mark.slow)


@pytest.mark.parametrize(('name', 'workers', 'number'), cases())
def test_a_stopped_and_resumed_training_is_the_uninterrupted_one(tmp_path, name, workers, number):
    (settings, iteration), parts = CASES[name], tmp_path / 'parts'
    settings = dict(settings, default_hooks=STOP, workers=workers)
    trained(noisy_runner(tmp_path / 'whole', **settings))
    first = noisy_runner(parts, custom_hooks=[Send(number, iteration)], **settings)
    stopped(first, STATUS[number])
    # where the training saves by itself, there is nothing to add
    assert (parts / 'interrupted.pth').exists() == settings.get('by_epoch', False)
    scramble()
    trained(noisy_runner(parts, resume=True, **settings))
    assert_same_end(tmp_path / 'whole', parts)
    assert not (parts / 'interrupted.pth').exists()


def test_accumulated_gradients_are_brought_to_their_step_first(tmp_path):
    settings = dict(optim_wrapper=dict(accumulative_counts=3), hooks=STOP)
    checkpoint = dict(type='AtomicCheckpointHook', by_epoch=False, interval=9)
    settings['hooks'] = dict(STOP, checkpoint=checkpoint)
    whole = trained(tiny_runner(tmp_path / 'whole', 9, **settings))
    first = tiny_runner(tmp_path / 'parts', 9, custom_hooks=[Send(signal.SIGTERM, 4)], **settings)
    assert stopped(first, 143).iter + 1 == 6
    rest = trained(tiny_runner(tmp_path / 'parts', 9, resume=True, **settings))
    end = weights_of(rest)
    assert all(torch.equal(value, end[name]) for name, value in weights_of(whole).items())


def test_a_second_signal_ends_at_once_and_one_that_is_passed_on_does_not(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(stop_signals, '_SAME_WISH', 1e9)
    settings = dict(hooks=STOP, custom_hooks=[Send(signal.SIGINT, 3, times=2)])
    stopped(tiny_runner(tmp_path / 'passed on', 5, **settings), 130)
    assert 'SIGINT: training stops after this iteration' in capfd.readouterr().err
    monkeypatch.setattr(stop_signals, '_SAME_WISH', 0.0)
    with pytest.raises(KeyboardInterrupt):
        trained(tiny_runner(tmp_path / 'second', 5, **settings))
    assert sorted(path.name for path in (tmp_path / 'second').glob('*.pth')) == ['iter_1.pth', 'iter_2.pth']


def test_a_validation_is_left_at_once_and_made_up_for(tmp_path):
    settings = dict(length=2, by_epoch=True, default_hooks=STOP)
    trained(noisy_runner(tmp_path / 'whole', **settings))
    send = Send(signal.SIGTERM, 4, validation=True)
    first = stopped(noisy_runner(tmp_path / 'parts', custom_hooks=[send], **settings), 143)
    assert len([batch for batch, _ in first.model.seen if len(batch) == 1]) == 2
    assert not (tmp_path / 'parts' / 'interrupted.pth').exists()
    trained(noisy_runner(tmp_path / 'parts', resume=True, **settings))
    assert_same_end(tmp_path / 'whole', tmp_path / 'parts')


def test_weights_that_are_not_saved_wait_for_the_end_of_the_validation(tmp_path):
    checkpoint = dict(type='AtomicCheckpointHook', by_epoch=False, interval=100)
    settings = dict(length=9, default_hooks=dict(STOP, checkpoint=checkpoint))
    trained(noisy_runner(tmp_path / 'whole', **settings))
    send = Send(signal.SIGTERM, 4, validation=True)
    assert stopped(noisy_runner(tmp_path / 'parts', custom_hooks=[send], **settings), 143).iter + 1 == 5
    trained(noisy_runner(tmp_path / 'parts', resume=True, **settings))
    assert_same_end(tmp_path / 'whole', tmp_path / 'parts')


def test_a_damaged_checkpoint_of_an_interruption_is_passed_over(tmp_path):
    checkpoint = dict(type='AtomicCheckpointHook', by_epoch=False, interval=2)
    settings = dict(hooks=dict(STOP, checkpoint=checkpoint))
    stopped(tiny_runner(tmp_path, 9, custom_hooks=[Send(signal.SIGINT, 5)], **settings), 130)
    path = tmp_path / 'interrupted.pth'
    (tmp_path / 'last_checkpoint').unlink()  # found without it, too

    def resumed():
        runner = tiny_runner(tmp_path, 9, resume=True, **settings)
        runner.call_hook('before_run')
        return runner._load_from

    assert resumed() == str(path)
    path.write_bytes(path.read_bytes()[:1000])
    assert resumed() == str(tmp_path / 'iter_4.pth')


class SignalWorkers(Hook):
    """Send the loader's workers what their group may get, from another process than their parent."""

    def __init__(self):
        self.left = []

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        workers = [str(child.pid) for child in active_children()]
        for name in ('INT', 'TERM'):
            subprocess.run(['kill', f'-{name}', *workers], check=True)
        time.sleep(0.1)
        self.left.append(len(active_children()))


def test_workers_outlive_the_signals_of_their_group_and_end_by_that_of_their_parent(tmp_path):
    hook = SignalWorkers()
    runner = noisy_runner(tmp_path, 3, workers=2, custom_hooks=[hook])
    runner.train()
    assert hook.left == [2, 2, 2]
    for worker in active_children():
        worker.terminate()  # as multiprocessing ends those that are stuck
        worker.join(10)
        assert worker.exitcode == 0


def test_a_signal_that_is_ignored_stays_so(tmp_path):
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # as of a job in the background
    trained(tiny_runner(tmp_path, 3, hooks=STOP, custom_hooks=[Send(signal.SIGINT, 2)]))
    assert signal.signal(signal.SIGINT, signal.default_int_handler) is signal.SIG_IGN


def test_the_handlers_of_a_training_that_failed_keep_nothing_for_it():
    request = StopRequest()
    request.watch('never said')
    del request
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)
    with pytest.raises(SystemExit) as end:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        run_tool(lambda words: os.kill(os.getpid(), signal.SIGTERM) or time.sleep(1), [])
    assert end.value.code == 143


def test_a_terminated_tool_leaves_no_half_written_file(tmp_path, capfd):
    def write(words):
        with atomic_write(tmp_path / 'out.bin') as part:
            part.write_bytes(b'half')
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(1)

    with pytest.raises(SystemExit) as end:
        run_tool(write, [])
    assert end.value.code == 143 and capfd.readouterr().err == 'terminated\n'
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize('number', STATUS)
def test_a_group_of_processes_that_gets_a_signal_saves_and_goes_on(tmp_path, number):
    config = recipe('segmentation', tmp_path / 'data', 2, iters=12)
    config.default_hooks.checkpoint.interval = 100
    config.custom_imports.imports.append('tiny_pretraining')
    config.dump(tmp_path / 'config.py')
    Training(tmp_path / 'config.py', tmp_path / 'whole').finish()

    training = Training(tmp_path / 'config.py', tmp_path / 'parts')
    training.wait_for(lambda: 'Iter(train) [ 2/12]' in training.text())
    os.killpg(training.process.pid, number)
    assert training.process.wait(60) == STATUS[number]
    assert 'the same command with --resume goes on from there' in training.text().splitlines()[-1]
    assert 'Traceback' not in training.text()
    resumed = Training(tmp_path / 'config.py', tmp_path / 'parts')
    resumed.finish()
    assert resumed_from(resumed.text()) >= 3
    assert_same_end(tmp_path / 'whole', tmp_path / 'parts')
