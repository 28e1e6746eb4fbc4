"""Checkpoints: written whole, superseded only then, and resumed from the newest that is whole."""

import logging
import os
import resource
import shutil
import sys
from pathlib import Path

import pytest
import torch
from tiny_training import tiny_runner

from swin3d_mmdet3d.atomic_write import _part_of
from swin3d_mmdet3d.engine import atomic_checkpoints
from swin3d_mmdet3d.engine.atomic_checkpoints import checkpoint_damage
from swin3d_mmdet3d.engine.hooks import AtomicCheckpointHook

RECORD = None


def part_name(name, process=None):
    """The name under which this process, or another of this machine, writes a file."""
    own = _part_of(Path(name)).name
    return own.replace(f'-{os.getpid()}.part', f'-{process or os.getpid()}.part')


def record(event, arguments):
    """What happens to files, in order, while RECORD is a list."""
    if RECORD is None or event not in ('open', 'os.rename', 'os.remove'):
        return
    if event == 'open':
        path, mode, flags = arguments
        if isinstance(path, (str, Path)) and flags & (os.O_WRONLY | os.O_RDWR):
            RECORD.append(('write', Path(path).name))
    elif event == 'os.rename':
        RECORD.append(('rename', Path(arguments[1]).name))
    elif os.path.exists(arguments[0]):
        RECORD.append(('remove', Path(arguments[0]).name))


sys.addaudithook(record)


@pytest.fixture
def file_events(monkeypatch):
    """Writes, syncs, renames and removals of files."""
    events, synced = [], os.fsync

    def sync(handle):
        if RECORD is not None:
            events.append(('sync', Path(os.readlink(f'/proc/self/fd/{handle}')).name))
        synced(handle)

    monkeypatch.setattr(os, 'fsync', sync)
    yield events
    globals()['RECORD'] = None


@pytest.fixture
def warnings(monkeypatch):
    """Warnings about checkpoints that are passed over."""
    lines = []

    def record(text, logger, level):
        lines.append((level, text))

    monkeypatch.setattr(atomic_checkpoints, 'print_log', record)
    return lines


def checkpoint_hook(runner):
    return next(hook for hook in runner.hooks if isinstance(hook, AtomicCheckpointHook))


def names(folder):
    return sorted(p.name for p in folder.iterdir() if p.suffix == '.pth' or p.name.startswith('.'))


def resumed_iteration(folder, **settings):
    runner = tiny_runner(folder, 9, resume=True, **settings)
    runner.call_hook('before_run')
    runner._train_loop = runner.build_train_loop(runner._train_loop)
    runner.load_or_resume()
    return runner.iter


def test_the_old_checkpoint_goes_after_the_new_one_is_whole_and_named(tmp_path, file_events):
    runner = tiny_runner(tmp_path, 2)
    runner.train()
    globals()['RECORD'] = file_events
    checkpoint_hook(runner)._save_checkpoint_with_step(runner, 3, dict(epoch=0, iter=3))
    globals()['RECORD'] = None
    checkpoint, pointer = (part_name(name) for name in ('iter_3.pth', 'last_checkpoint'))
    assert file_events == [
        ('write', checkpoint),
        ('sync', checkpoint),
        ('rename', 'iter_3.pth'),
        ('sync', tmp_path.name),
        ('write', pointer),
        ('sync', pointer),
        ('rename', 'last_checkpoint'),
        ('sync', tmp_path.name),
        ('remove', 'iter_1.pth'),
    ]
    assert names(tmp_path) == ['iter_2.pth', 'iter_3.pth']
    assert (tmp_path / 'last_checkpoint').read_text() == str(tmp_path / 'iter_3.pth')


def test_what_a_kill_before_the_removal_leaves_is_removed_at_the_resume(tmp_path, monkeypatch):
    runner = tiny_runner(tmp_path, 2)
    runner.train()
    hook = checkpoint_hook(runner)
    monkeypatch.setattr(hook, '_remove', lambda path: None)
    hook._save_checkpoint_with_step(runner, 3, dict(epoch=0, iter=3))
    assert names(tmp_path) == ['iter_1.pth', 'iter_2.pth', 'iter_3.pth']
    tiny_runner(tmp_path, 5, resume=True).train()
    assert names(tmp_path) == ['iter_4.pth', 'iter_5.pth']


@pytest.mark.parametrize('metrics', ['acc', ['acc', 'mIoU']])
def test_the_old_best_checkpoint_goes_after_the_new_one_is_whole(tmp_path, file_events, metrics):
    hook = dict(type='AtomicCheckpointHook', by_epoch=False, interval=1, max_keep_ckpts=1, save_best=metrics)
    runner = tiny_runner(tmp_path, 1, hooks=dict(checkpoint=hook))
    runner.train()
    hook = checkpoint_hook(runner)
    hook.after_val_epoch(runner, dict(acc=0.1, mIoU=0.5))
    runner.train_loop._iter = 2
    globals()['RECORD'] = file_events
    hook.after_val_epoch(runner, dict(acc=0.2, mIoU=0.4))
    globals()['RECORD'] = None
    best = [event for event in file_events if event[1].startswith('best')]
    assert best == [('rename', 'best_acc_iter_2.pth'), ('remove', 'best_acc_iter_1.pth')]
    kept = ['best_acc_iter_2.pth'] + ['best_mIoU_iter_1.pth'] * (metrics != 'acc')
    assert names(tmp_path) == [*kept, 'iter_2.pth']
    hook.after_val_epoch(runner, dict(acc=0.15, mIoU=0.3))  # neither is better
    assert names(tmp_path) == [*kept, 'iter_2.pth']


def test_a_full_disk_ends_the_training_and_keeps_the_older_files(tmp_path):
    runner = tiny_runner(tmp_path, 3, model=dict(ballast=100_000))
    hook = checkpoint_hook(runner)
    save, limits = hook._save_checkpoint_with_step, resource.getrlimit(resource.RLIMIT_FSIZE)

    def save_to_a_full_disk(runner, step, meta):
        if step == 3:
            resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, limits[1]))
        save(runner, step, meta)

    hook._save_checkpoint_with_step = save_to_a_full_disk
    try:
        with pytest.raises(OSError, match=r'iter_3.pth, \d+ bytes, could not be written \(.*\d+ bytes free'):
            runner.train()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert names(tmp_path) == ['iter_1.pth', 'iter_2.pth']
    assert resumed_iteration(tmp_path, model=dict(ballast=100_000)) == 2


def cut_short(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def blank_a_block(path):
    """The right size, but one block never reached the disk."""
    content = bytearray(path.read_bytes())
    start = content.index(torch.full((64,), 7.0).numpy().tobytes())
    content[start : start + 128] = bytes(128)
    path.write_bytes(content)


@pytest.mark.parametrize('damage', [cut_short, blank_a_block, lambda path: path.write_bytes(b''), os.remove])
def test_a_damaged_newest_checkpoint_is_passed_over_with_a_warning(tmp_path, damage, warnings):
    runner = tiny_runner(tmp_path, 3, model=dict(ballast=64))
    runner.model.ballast.fill_(7.0)
    runner.train()
    damage(tmp_path / 'iter_3.pth')
    assert resumed_iteration(tmp_path, model=dict(ballast=64)) == 2
    assert any(level == logging.WARNING and 'iter_3.pth' in text for level, text in warnings)


def test_resume_without_last_checkpoint_finds_the_newest(tmp_path):
    tiny_runner(tmp_path, 3).train()
    (tmp_path / 'last_checkpoint').unlink()
    assert resumed_iteration(tmp_path) == 3
    (tmp_path / 'last_checkpoint').touch()  # as the stock hook leaves it when it is killed
    assert resumed_iteration(tmp_path) == 3


def test_resume_does_not_take_a_checkpoint_of_an_earlier_training(tmp_path):
    tiny_runner(tmp_path, 3).train()
    shutil.copy(tmp_path / 'iter_2.pth', tmp_path / 'iter_1000.pth')
    os.utime(tmp_path / 'iter_1000.pth', (1, 1))
    assert resumed_iteration(tmp_path) == 3


def test_resume_follows_a_work_folder_that_was_moved(tmp_path):
    tiny_runner(tmp_path / 'here', 2).train()
    shutil.move(tmp_path / 'here', tmp_path / 'there')
    assert resumed_iteration(tmp_path / 'there') == 2


def test_resume_of_damaged_checkpoints_alone_is_refused(tmp_path):
    tiny_runner(tmp_path, 2).train()
    for path in tmp_path.glob('iter_*.pth'):
        cut_short(path)
    with pytest.raises(ValueError, match=r'must hold a whole checkpoint to resume from, got iter_'):
        resumed_iteration(tmp_path)


def test_resume_without_any_checkpoint_starts_anew(tmp_path):
    assert resumed_iteration(tmp_path) == 0


def test_checkpoints_in_a_folder_of_their_own_are_resumed(tmp_path):
    hook = dict(type='AtomicCheckpointHook', by_epoch=False, interval=1, out_dir=str(tmp_path / 'elsewhere'))
    tiny_runner(tmp_path / 'work', 2, hooks=dict(checkpoint=hook)).train()
    folder = tmp_path / 'elsewhere' / 'work'
    assert names(folder) == ['iter_1.pth', 'iter_2.pth']
    cut_short(folder / 'iter_2.pth')
    assert resumed_iteration(tmp_path / 'work', hooks=dict(checkpoint=hook)) == 1


def test_what_killed_trainings_left_half_written_is_removed(tmp_path):
    gone = os.fork()
    if gone == 0:
        os._exit(0)
    os.waitpid(gone, 0)
    dead, live = (part_name('iter_7.pth', process) for process in (gone, os.getppid()))
    for name in (dead, live):
        (tmp_path / name).touch()
    tiny_runner(tmp_path, 1).train()
    assert names(tmp_path) == [live, 'iter_1.pth']


def test_published_checkpoints_are_written_whole(tmp_path, file_events):
    keys = ['meta', 'state_dict']
    hook = dict(type='AtomicCheckpointHook', by_epoch=False, interval=1, published_keys=keys)
    runner = tiny_runner(tmp_path, 1, hooks=dict(checkpoint=hook))
    globals()['RECORD'] = file_events
    runner.train()
    globals()['RECORD'] = None
    (published,) = tmp_path.glob('iter_1-*.pth')
    assert ('rename', published.name) in file_events and ('write', published.name) not in file_events
    assert [*torch.load(published, weights_only=True)] == keys


@pytest.mark.parametrize('victim', ['precious.pth', 'folder', 'best_of_others.pth', 'work/vis_data'])
def test_a_resumed_checkpoint_removes_no_files_of_others(tmp_path, victim):
    """It names the best one so far, which goes when there is a better one, a whole folder too."""
    hook = dict(type='AtomicCheckpointHook', by_epoch=False, interval=1, save_best='acc')
    work, victim = tmp_path / 'work', tmp_path / victim
    runner = tiny_runner(work, 1, hooks=dict(checkpoint=hook))
    runner.train()
    victim.parent.mkdir(exist_ok=True)
    if victim.suffix:
        victim.write_text('mine')
    else:
        victim.mkdir(exist_ok=True)
        (victim / 'thesis.tex').write_text('mine')
    hook = checkpoint_hook(runner)
    hook.best_ckpt_path = str(victim)
    runner.message_hub.update_info('best_score', 0.1)
    hook.after_val_epoch(runner, dict(acc=0.2))
    assert hook.best_ckpt_path == str(work / 'best_acc_iter_1.pth') and os.path.exists(hook.best_ckpt_path)
    assert victim.exists() and (victim.suffix or (victim / 'thesis.tex').exists())


def test_file_client_args_are_refused():
    with pytest.raises(ValueError, match='backend_args in place of file_client_args'):
        AtomicCheckpointHook(file_client_args=dict(backend='disk'))


def test_damage_of_checkpoints_of_old_torch_is_found(tmp_path):
    path = tmp_path / 'old.pth'
    torch.save(dict(weight=torch.rand(100)), path, _use_new_zipfile_serialization=False)
    assert checkpoint_damage(path) is None
    cut_short(path)
    assert 'old.pth is damaged' in checkpoint_damage(path)
