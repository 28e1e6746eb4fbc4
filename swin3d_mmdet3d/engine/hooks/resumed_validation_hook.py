"""Validation that a checkpoint was saved just before."""

from __future__ import annotations

from typing import Any

from mmdet3d.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop, Runner


@HOOKS.register_module()
class ResumedValidationHook(Hook):
    """Validate before a resumed training goes on, where its checkpoint was to be validated and was not.

    mmengine saves before it validates: a training that resumes from such a checkpoint would know neither the
    scores nor the best one of them so far, and one that was killed in its last validation would end without.
    """

    priority = 'LOWEST'  # when all else is ready for training

    def __init__(self) -> None:
        self.validating = False
        self.validated: bool | None = None

    def before_val(self, runner: Runner) -> None:
        """Note that what is saved from now on has its scores."""
        self.validating = True

    def after_val(self, runner: Runner) -> None:
        """Note that it has not."""
        self.validating = False

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Put into a checkpoint whether it has its scores."""
        checkpoint['validated'] = self.validating

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Read it."""
        self.validated = checkpoint.get('validated')

    def before_train(self, runner: Runner) -> None:
        """Validate where it is due."""
        if runner.iter > 0 and self.validated is False and is_validation_due(runner.train_loop):
            runner.logger.info('the checkpoint was saved before its validation, which comes first')
            runner.val_loop.run()


def is_validation_due(loop: Any) -> bool:
    """Whether a training loop of mmengine validates behind the epoch or iteration that it has reached."""
    if loop.runner.val_loop is None:
        return False
    loop._decide_current_val_interval()
    if isinstance(loop, EpochBasedTrainLoop):
        # within an epoch, the end of the one before is long validated
        if loop.iter != loop.epoch * len(loop.dataloader):
            return False
        done, last = loop.epoch, loop.max_epochs
    else:
        done, last = loop.iter, loop.max_iters
    return done >= loop.val_begin and (done % loop.val_interval == 0 or done == last)
