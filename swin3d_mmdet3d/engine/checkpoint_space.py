"""Whether a folder has room for the checkpoints of a training, asked before it starts."""

from __future__ import annotations

import errno
import math
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmengine.hooks import CheckpointHook
from mmengine.runner import FlexibleRunner, Runner
from torch.optim import Optimizer

from .optim_wrappers import optim_wrappers
from .wrapped_models import unwrapped

_STATES = {'Adam': 2, 'AdamW': 2, 'NAdam': 2, 'RAdam': 2}
"""Tensors of a weight's size that an optimiser keeps for it."""


def check_checkpoint_space(runner: Runner, hook: CheckpointHook, folder: Path, names: str) -> None:
    """Refuse a training whose checkpoints do not fit on the disk.

    What is there under the checkpoints' names is overwritten or removed and counts as free. A training is
    never refused that would fit: an optimiser that is not known is taken to keep nothing, and so is every
    other file. Sharded trainings, whose weights no process has whole, are not looked at.

    Args:
        runner: With its model and optimiser built.
        hook: What saves.
        folder: Where it saves.
        names: Pattern of the checkpoints' names.

    Raises:
        OSError: Naming the folder, the bytes that are needed and those that are free.
    """
    if isinstance(runner, FlexibleRunner):
        return
    size, count = checkpoint_bytes(runner), num_checkpoints(runner, hook)
    there = sum(path.stat().st_size for path in folder.glob(names))
    free = shutil.disk_usage(folder).free
    if size * count > there + free:
        raise OSError(
            errno.ENOSPC,
            f'{count} checkpoints of {size} bytes need {size * count} bytes, {there + free} are free; '
            'default_hooks.checkpoint.max_keep_ckpts=1 keeps fewest, --work-dir names another disk',
            str(folder),
        )


def checkpoint_bytes(runner: Runner) -> int:
    """Bytes of the weights, and of what the optimisers are known to keep for those that they train."""
    state = unwrapped(runner.model).state_dict()
    weights = sum(value.numel() * value.element_size() for value in state.values())
    kept = sum(size for wrapper in optim_wrappers(runner) for size in _kept(wrapper.optimizer))
    return weights + kept


def num_checkpoints(runner: Runner, hook: CheckpointHook) -> int:
    """How many checkpoints of a training the folder holds at once, the one that is being written included."""
    length = runner.max_epochs if hook.by_epoch else runner.max_iters
    saves = math.ceil(length / hook.interval) if hook.interval > 0 else int(hook.save_last)
    if hook.max_keep_ckpts > 0:
        saves = min(saves, hook.max_keep_ckpts + 1)
    best = len(hook.key_indicators) if hook.save_best and runner.val_loop is not None else 0
    return saves + best


def check_writable(folder: str | os.PathLike) -> None:
    """Try to write into a folder, which is made where it is missing.

    Raises:
        OSError: Naming the folder and the bytes that are free, if it cannot be.
    """
    folder = Path(folder)
    probe = folder / f'.probe.{os.getpid()}'
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(bytes(4096))
    except OSError as error:
        there = next(path for path in (folder, *folder.absolute().parents) if path.is_dir())
        free = shutil.disk_usage(there).free
        told = f'nothing can be written there ({error.strerror}, {free} bytes free)'
        raise OSError(error.errno, told, str(folder)) from error
    finally:
        if folder.is_dir():
            probe.unlink(missing_ok=True)


@contextmanager
def naming_full_disk(folder: str | os.PathLike) -> Iterator[None]:
    """Let errors of a full disk that name no file, as those of logs and curves, name a training's folder."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC and error.filename is None and len(error.args) == 2:
            error.filename = str(folder)
        raise


def _kept(optimizer: Optimizer) -> Iterator[int]:
    for group in optimizer.param_groups:
        states = _STATES.get(type(optimizer).__name__, 0)
        if type(optimizer).__name__ == 'SGD':
            states = int(group['momentum'] != 0)
        weights = (weight for weight in group['params'] if weight.requires_grad)
        yield from (states * weight.numel() * weight.element_size() for weight in weights)
