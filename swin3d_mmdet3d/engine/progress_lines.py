"""Progress of a training in a few lines, for those who do not read its whole log."""

from __future__ import annotations

import logging
import time

import numpy as np
from mmengine.hooks import Hook
from mmengine.runner import Runner

PROGRESS_LINES = 25


class ProgressLines(Hook):
    """Tells the mean loss and the time left, some times in a training.

    Args:
        logger: Where to.
        lines: How many times.
    """

    def __init__(self, logger: logging.Logger, lines: int = PROGRESS_LINES) -> None:
        self.logger = logger
        self.lines = lines

    def before_train(self, runner: Runner) -> None:
        """Start the clock."""
        self.start = time.time()
        self.losses = []

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        """Tell the progress when it is time."""
        done, total = runner.iter + 1, runner.max_iters
        self.losses.append(outputs['loss'].item())
        if done % max(1, total // self.lines) and done != total:
            return
        left = (time.time() - self.start) * (total - done) / done
        self.logger.info(f'iteration {done} of {total}, loss {np.mean(self.losses):.3f}, {left:.0f} s left')
        self.losses = []
