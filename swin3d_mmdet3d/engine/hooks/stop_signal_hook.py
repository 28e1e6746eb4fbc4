"""Trainings that save what they have when they are asked to stop."""

from __future__ import annotations

import signal
from typing import Any

import torch
from mmdet3d.registry import HOOKS
from mmengine.dist import all_reduce, barrier, get_world_size
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ...stop_signals import StopRequest, exit_status
from ..interrupted_checkpoint import save_interrupted
from ..optim_wrappers import optim_wrappers

TOLD = (
    'training stops after this iteration, of a validation after it, and saves; a second signal stops it at '
    'once, and --resume goes on from the newest checkpoint'
)


@HOOKS.register_module()
class StopSignalHook(Hook):
    """Save a checkpoint at Ctrl-C (SIGINT) and SIGTERM, and end with the exit status 130 or 143.

    The iteration is done first, with accumulated gradients those up to the next step, and processes agree on
    it. `interrupted.pth` in the work folder is what ``--resume`` then goes on from; the next checkpoint
    replaces it. A validation whose weights are saved is left at once. A second signal, a second later or
    more, ends the process as if there was no hook.

    Before the first iteration a signal does what it does elsewhere: there is nothing to save yet.
    """

    priority = 'LOWEST'  # behind what changes the state of an iteration, and behind its own checkpoint

    def __init__(self) -> None:
        self.request = StopRequest()
        self.saved_iter = -1

    def before_train(self, runner: Runner) -> None:
        """Watch for signals."""
        self.request.watch(TOLD)

    def after_train(self, runner: Runner) -> None:
        """Watch no longer."""
        self.request.ignore()

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Note what is saved."""
        if 'optimizer' in checkpoint:
            self.saved_iter = checkpoint['meta']['iter']

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: dict | None = None
    ) -> None:
        """Save and end, if any process was asked to."""
        number = self._received_by_any()
        if not number or not all(wrapper.should_update() for wrapper in optim_wrappers(runner)):
            return
        done = runner.iter + 1
        if self.saved_iter != done:
            runner.logger.info(f'saved {save_interrupted(runner)}')
        barrier()  # a launcher ends all processes as soon as one has ended
        self._end(runner, number, done)

    def after_val_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """End, if this process was asked to and nothing is lost by it."""
        if self.request.received and self.saved_iter == runner.iter:
            self._end(runner, self.request.received, runner.iter)

    def _received_by_any(self) -> int:
        """The signal that this process or another has got, or 0."""
        if get_world_size() == 1:
            return self.request.received
        number = torch.tensor(self.request.received)
        all_reduce(number, op='max')
        return int(number)

    def _end(self, runner: Runner, number: int, done: int) -> None:
        self.request.ignore()
        runner.logger.warning(
            f'stopped by {signal.Signals(number).name} after iteration {done}, which is saved in '
            f'{runner.work_dir}: the same command with --resume goes on from there'
        )
        raise SystemExit(exit_status(number))
