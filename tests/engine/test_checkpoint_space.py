"""A folder that cannot take checkpoints is told before the training, a write that fails by its file."""

import errno
import os
import resource
from collections import namedtuple
from pathlib import Path

import pytest
import torch
from mmengine._strategy import FSDPStrategy
from noisy_training import noisy_runner
from tiny_training import tiny_runner
from torch.distributed.fsdp import StateDictType

from swin3d_mmdet3d.atomic_write import atomic_write
from swin3d_mmdet3d.checkpoints.writer import write_checkpoint
from swin3d_mmdet3d.engine import ShardedStrategy, checkpoint_space
from swin3d_mmdet3d.engine.checkpoint_space import (
    check_writable,
    checkpoint_bytes,
    naming_full_disk,
    num_checkpoints,
)
from swin3d_mmdet3d.engine.hooks import AtomicCheckpointHook
from swin3d_mmdet3d.tools.mistakes import mistake

OPTIMIZERS = {
    'AdamW': dict(type='AdamW', lr=0.01),
    'SGD': dict(type='SGD', lr=0.01, momentum=0.9),
    'SGD without momentum': dict(type='SGD', lr=0.01, momentum=0.0),
    'unknown': dict(type='Adagrad', lr=0.01),
}


def with_free(monkeypatch, free):
    usage = namedtuple('usage', 'total used free')
    monkeypatch.setattr(checkpoint_space.shutil, 'disk_usage', lambda path: usage(10**12, 0, free))


def wide(runner):
    """The runner with a network whose weights outweigh all else in a checkpoint."""
    runner.model.encoder = torch.nn.Linear(3, 40_000)
    runner.model.norm, runner.model.second_norm = torch.nn.Identity(), torch.nn.Identity()
    runner.model.head = torch.nn.Linear(40_000, 1)
    return runner


@pytest.mark.parametrize('name', OPTIMIZERS)
def test_the_bytes_of_a_checkpoint_are_known_before_there_is_one(tmp_path, name):
    wrapper = dict(optimizer=OPTIMIZERS[name])
    runner = wide(tiny_runner(tmp_path, 1, optim_wrapper=wrapper))
    runner.train()
    size = (tmp_path / 'iter_1.pth').stat().st_size
    assert checkpoint_bytes(runner) <= size
    if name != 'unknown':
        assert size < 1.1 * checkpoint_bytes(runner)


def test_a_training_whose_checkpoints_do_not_fit_does_not_start(tmp_path, monkeypatch):
    need = 3 * checkpoint_bytes(tiny_built(tmp_path / 'size'))  # two are kept while the third is written
    with_free(monkeypatch, need - 1)
    runner = tiny_runner(tmp_path / 'work', 5)
    with pytest.raises(OSError, match='3 checkpoints of') as error:
        runner.train()
    told = mistake(error.value)
    assert told.startswith(f'{tmp_path}/work: 3 checkpoints') and f'{need} bytes, {need - 1} are free' in told
    assert runner.iter == 0
    with_free(monkeypatch, need)
    tiny_runner(tmp_path / 'work', 5).train()
    with_free(monkeypatch, 0)  # those that are there make room for the next
    tiny_runner(tmp_path / 'work', 7, resume=True).train()


def tiny_built(folder):
    runner = tiny_runner(folder, 1)
    runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    return runner


@pytest.mark.parametrize(
    ('settings', 'expected'),
    [
        (dict(interval=1, by_epoch=False, max_keep_ckpts=2), 3),
        (dict(interval=4, by_epoch=False, max_keep_ckpts=2), 2),
        (dict(interval=3, by_epoch=False), 3),
        (dict(interval=-1, by_epoch=False), 1),
        (dict(interval=-1, by_epoch=False, save_last=False), 0),
        (dict(interval=1, by_epoch=False, max_keep_ckpts=1, save_best=['draws', 'mIoU']), 4),
    ],
)
def test_how_many_checkpoints_there_are_at_once(tmp_path, settings, expected):
    checkpoint = dict(type='AtomicCheckpointHook', rule='greater', **settings)
    runner = noisy_runner(tmp_path, 8, default_hooks=dict(checkpoint=checkpoint))
    hook = next(hook for hook in runner.hooks if isinstance(hook, AtomicCheckpointHook))
    runner._train_loop = runner.build_train_loop(runner._train_loop)
    runner._val_loop = runner.build_val_loop(runner._val_loop)
    assert num_checkpoints(runner, hook) == expected


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path, monkeypatch):
    check_writable(tmp_path / 'new' / 'work')
    assert not list((tmp_path / 'new' / 'work').iterdir())
    (tmp_path / 'file').touch()
    with pytest.raises(OSError, match='nothing can be written there') as error:
        check_writable(tmp_path / 'file' / 'work')
    assert error.value.filename == str(tmp_path / 'file' / 'work')

    def full(path, content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, 'write_bytes', full)
    with pytest.raises(OSError, match=r'\(No space left on device, \d+ bytes free\)'):
        check_writable(tmp_path)


@pytest.fixture
def small_files():
    """No file of this process may grow beyond 100,000 bytes."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_exported_weights_that_cannot_be_written_are_named(tmp_path, small_files):
    (tmp_path / 'student.pth').write_bytes(b'older')
    with pytest.raises(OSError, match='File too large') as error:
        write_checkpoint(tmp_path / 'student.pth', dict(state_dict=dict(weight=torch.rand(100_000)), meta={}))
    assert mistake(error.value) == f'{tmp_path}/student.pth: File too large'
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b'older']


def test_errors_of_the_system_within_an_atomic_write_name_its_file(tmp_path):
    with pytest.raises(OSError) as error, atomic_write(tmp_path / 'scan.ply'):
        raise OSError(errno.ENOSPC, 'No space left on device')
    assert mistake(error.value) == f'{tmp_path}/scan.ply: No space left on device'
    with pytest.raises(OSError) as error, atomic_write(tmp_path / 'scan.ply'):
        raise OSError(errno.ENOENT, 'No such file or directory', 'other.ply')
    assert error.value.filename == 'other.ply'


def test_a_full_disk_that_names_no_file_names_the_folder_of_the_training(tmp_path):
    with pytest.raises(OSError) as error, naming_full_disk(tmp_path):
        raise OSError(errno.ENOSPC, 'No space left on device')  # as of the curves of mmengine
    assert mistake(error.value) == f'{tmp_path}: No space left on device'
    with pytest.raises(OSError) as error, naming_full_disk(tmp_path):
        raise OSError(errno.ENOSPC, 'No space left on device', 'iter_3.pth')
    assert error.value.filename == 'iter_3.pth'


def test_whole_weights_of_sharded_trainings_are_written_atomically(tmp_path, monkeypatch):
    written = []

    def save(self, filename, **kwargs):
        written.append(filename)
        Path(filename).write_bytes(kwargs['content'])
        if kwargs['content'] == b'half':
            raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(FSDPStrategy, 'save_checkpoint', save)
    strategy = object.__new__(ShardedStrategy)
    strategy.state_dict_type = StateDictType.FULL_STATE_DICT
    path = tmp_path / 'iter_1.pth'
    strategy.save_checkpoint(str(path), content=b'whole')
    with pytest.raises(OSError, match=r'iter_1.pth could not be written \(No space left on device, \d+ '):
        strategy.save_checkpoint(str(path), content=b'half')
    assert str(path) not in written
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b'whole']
    strategy.state_dict_type = StateDictType.SHARDED_STATE_DICT
    strategy.save_checkpoint(str(path), content=b'shards')  # a folder of each process's own
    assert written[-1] == str(path)
