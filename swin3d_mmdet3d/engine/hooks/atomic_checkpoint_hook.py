"""Checkpoints that survive a kill, and a full disk, at any moment of a save."""

from __future__ import annotations

import hashlib
import logging
import os
import pickle
from collections import deque
from pathlib import Path
from typing import Any

from mmdet3d.registry import HOOKS
from mmengine.dist import is_main_process, master_only
from mmengine.fileio import LocalBackend, get_file_backend
from mmengine.hooks import CheckpointHook
from mmengine.logging import print_log
from mmengine.runner import Runner, save_checkpoint

from ...atomic_write import sweep_parts
from ...checkpoints import load_checkpoint
from ...checkpoints.loader import forget_code
from ...pickle_trust import trusts_pickle
from ..atomic_checkpoints import AtomicWriteBackend, newest_whole_checkpoint
from ..checkpoint_space import check_checkpoint_space, check_writable
from ..interrupted_checkpoint import remove_interrupted
from ..plain_state import make_plain, restore


@HOOKS.register_module()
class AtomicCheckpointHook(CheckpointHook):
    """mmengine's ``CheckpointHook``, which leaves a whole checkpoint whenever the training is killed.

    The stock hook removes the checkpoint that is too old before it writes the new one, in place. Here a
    checkpoint is written beside, synced to the disk and renamed, then `last_checkpoint` is, and only then
    older ones are removed; the best and the published ones likewise. A save that fails, as on a full disk,
    ends the training and leaves the older files; a training whose checkpoints have no room on the disk does
    not start. What killed trainings left half-written is removed when the next one starts.

    A resume that names no file (``resume=True`` and no ``load_from``, ``--resume``) goes on from the newest
    whole checkpoint. One that is damaged is passed over with a warning.

    A checkpoint holds tensors and plain types alone, so that it loads without running code. The message hub
    is rebuilt of its numbers when training resumes; what is not plain, such as a function among the settings
    of a scheduler, is left out and told once.

    All this holds for local folders; other storages (``backend_args``) are used as by the stock hook.

    Args:
        args: Arguments of ``CheckpointHook``, with its meaning.
        kwargs: Likewise.

    Raises:
        ValueError: For ``file_client_args``, which mmengine has replaced by ``backend_args``; at a resume, if
            there are checkpoints and all are damaged.
        OSError: Before training, if the folder cannot be written to or is too small.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.file_client_args is not None:
            raise ValueError(f'give backend_args in place of file_client_args, got {self.file_client_args}')
        self._told: set[str] = set()

    def before_run(self, runner: Runner) -> None:
        """Choose the checkpoint to resume from, before the runner does."""
        self.choose_checkpoint(runner)

    def choose_checkpoint(self, runner: Runner) -> None:
        """Let a runner resume from the newest whole checkpoint, not from what `last_checkpoint` names.

        Raises:
            ValueError: If there are checkpoints and all are damaged.
        """
        if not runner._resume or runner._load_from is not None or runner._has_loaded:
            return
        folder = runner.work_dir
        if self.out_dir is not None:
            folder = os.path.join(self.out_dir, os.path.basename(runner.work_dir.rstrip(os.sep)))
        if isinstance(get_file_backend(folder, backend_args=self.backend_args), LocalBackend):
            pointer = Path(runner.work_dir) / 'last_checkpoint'
            newest = newest_whole_checkpoint(Path(folder), self.filename_tmpl, pointer)
            runner._load_from = None if newest is None else str(newest)

    def before_train(self, runner: Runner) -> None:
        """Prepare the folder, without what killed trainings left half-written there."""
        super().before_train(runner)
        if not isinstance(self.file_backend, LocalBackend):
            return
        self.backend_args = dict(backend='atomic_write')
        if is_main_process():
            for folder in {runner.work_dir, self.out_dir}:
                for part in sweep_parts(folder):
                    runner.logger.info(f'removed {part}, which a killed training had not finished')
                check_writable(folder)
            names = self.filename_tmpl.replace('{}', '*')
            check_checkpoint_space(runner, self, Path(self.out_dir), names)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Make it plain, behind the other hooks."""
        left_out = set(make_plain(checkpoint)) - self._told
        if left_out:
            runner.logger.warning(f'left out of checkpoints, as not plain: {", ".join(sorted(left_out))}')
            self._told |= left_out

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Rebuild what the runner takes from it, without the text that it would execute."""
        if not trusts_pickle():
            forget_code(checkpoint)
        restore(checkpoint)

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict) -> None:
        """Save, then let `last_checkpoint` name the file, then remove those that are too old."""
        outdated: list[int] = []
        if self.max_keep_ckpts > 0:
            steps = [*(kept for kept in self.keep_ckpt_ids if kept != step), step]
            outdated = steps[: -self.max_keep_ckpts]
            self.keep_ckpt_ids = deque(steps, self.max_keep_ckpts)
            # the outdated among them: a training killed before it removes them does so when it resumes
            runner.message_hub.update_info('keep_ckpt_ids', steps)
        name = self.filename_tmpl.format(step)
        self.last_ckpt = self.file_backend.join_path(self.out_dir, name)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        runner.save_checkpoint(
            self.out_dir,
            name,
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler,
            meta=meta,
            by_epoch=self.by_epoch,
            backend_args=self.backend_args,
            **self.args,
        )
        if not is_main_process():
            return
        pointer = os.path.join(runner.work_dir, 'last_checkpoint')
        AtomicWriteBackend().put(self.last_ckpt.encode(), pointer)
        remove_interrupted(runner.work_dir)
        for old in outdated:
            self._remove(self.file_backend.join_path(self.out_dir, self.filename_tmpl.format(old)))

    def _save_best_checkpoint(self, runner: Runner, metrics: dict) -> None:
        """Save the best checkpoints as the stock hook does, then remove those that they replace."""
        if not self.save_best:
            return
        # the stock hook removes the paths that it knows of before it saves
        previous, self._best_paths = self._best_paths, [None] * len(self.key_indicators)
        super()._save_best_checkpoint(runner, metrics)
        saved = self._best_paths
        self._best_paths = [new or old for new, old in zip(saved, previous)]
        for new, old in zip(saved, previous):
            if new and old and new != old and is_main_process():
                self._remove(old)
                runner.logger.info(f'The previous best checkpoint {old} is removed')

    @property
    def _best_paths(self) -> list[str | None]:
        """The best checkpoint by each metric of ``save_best``."""
        if len(self.key_indicators) == 1:
            return [self.best_ckpt_path]
        return [self.best_ckpt_path_dict[key] for key in self.key_indicators]

    @_best_paths.setter
    def _best_paths(self, paths: list[str | None]) -> None:
        if len(self.key_indicators) == 1:
            (self.best_ckpt_path,) = paths
        else:
            self.best_ckpt_path_dict = dict(zip(self.key_indicators, paths))

    @master_only
    def _publish_model(self, runner: Runner, ckpt_path: str) -> None:
        """Write the ``published_keys`` of a checkpoint to a file that is named by their hash."""
        content = load_checkpoint(ckpt_path, map_location='cpu')
        published = {key: value for key, value in content.items() if key in self.published_keys}
        digest = hashlib.sha256(pickle.dumps(published)).hexdigest()[:8]
        path = f'{os.path.splitext(ckpt_path)[0]}-{digest}.pth'
        save_checkpoint(published, path, backend_args=self.backend_args)
        left_out = sorted(set(content) - set(published))
        runner.logger.info(f'{ckpt_path} is published as {path}, without {", ".join(left_out) or "nothing"}')

    def _remove(self, path: str) -> None:
        """Remove a checkpoint of this hook; a resumed one may name others, and whole folders, as its best."""
        name = os.path.basename(path)
        own = self.file_backend.join_path(self.out_dir, name)
        if not name.startswith(('best_', self.filename_tmpl.split('{')[0])) or not _is_same(path, own):
            print_log(f'{path} is no checkpoint of {self.out_dir} and stays', 'current', logging.WARNING)
        elif self.file_backend.isfile(path):
            self.file_backend.remove(path)
        elif self.file_backend.isdir(path):  # deepspeed's
            self.file_backend.rmtree(path)


def _is_same(path: str, other: str) -> bool:
    """Whether two paths are one, by whatever way they lead there."""
    return path == other or os.path.realpath(path) == os.path.realpath(other)
