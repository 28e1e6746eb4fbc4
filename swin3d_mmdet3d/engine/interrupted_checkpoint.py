"""The checkpoint of a training that was asked to stop, beside those that it saves by itself."""

from __future__ import annotations

import os
from pathlib import Path

from mmengine.dist import is_main_process
from mmengine.runner import Runner

from .atomic_checkpoints import INTERRUPTED, AtomicWriteBackend


def save_interrupted(runner: Runner) -> Path:
    """Save a training within ``after_train_iter``, where a resume without a file's name finds it.

    Raises:
        OSError: If it cannot be written; older checkpoints are as they were.
    """
    path = Path(runner.work_dir) / INTERRUPTED
    runner.save_checkpoint(
        str(path.parent),
        path.name,
        save_param_scheduler=runner.param_schedulers is not None,
        by_epoch=False,
        backend_args=dict(backend='atomic_write'),
    )
    if is_main_process():
        AtomicWriteBackend().put(str(path).encode(), path.with_name('last_checkpoint'))
    return path


def remove_interrupted(work_dir: str | os.PathLike) -> None:
    """Remove it, where the training has gone on and saved what is newer."""
    (Path(work_dir) / INTERRUPTED).unlink(missing_ok=True)
