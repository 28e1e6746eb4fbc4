"""Watching a contrastive training for collapse and for missing correspondences."""

from __future__ import annotations

import logging

from mmdet3d.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner

PAIRS = ('pairs_per_frame', 'pairs_per_sample')
LOGGED = (*PAIRS, 'frames_without_pairs', 'skipped_frames')


@HOOKS.register_module()
class CollapseHook(Hook):
    """Log the spread of the features and the matched pairs, and warn where either fails.

    Reads what a method returns beside its losses: ``*_spread`` (:func:`feature_spread`),
    ``pairs_per_frame`` or ``pairs_per_sample``, ``frames_without_pairs`` and ``skipped_frames``.

    Args:
        interval: Iterations between two lines.
        min_spread: Mean spread below which features count as collapsed; 1 is spread out, 0 is one vector.
    """

    def __init__(self, interval: int = 50, min_spread: float = 0.2) -> None:
        if interval < 1:
            raise ValueError(f'interval must be at least 1, got {interval}')
        self.interval = interval
        self.min_spread = min_spread
        self.sums: dict[str, float] = {}
        self.counts: dict[str, int] = {}
        self.empty = 0
        self.saved: dict | None = None

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Put what was collected since the last line into a checkpoint."""
        checkpoint['collapse'] = dict(sums=dict(self.sums), counts=dict(self.counts), empty=self.empty)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Read it."""
        self.saved = checkpoint.get('collapse')

    def before_train(self, runner: Runner) -> None:
        """Go on collecting if training resumes."""
        if runner.iter > 0 and self.saved is not None:
            self.sums, self.counts, self.empty = (self.saved[key] for key in ('sums', 'counts', 'empty'))

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch=None, outputs: dict | None = None
    ) -> None:
        """Collect, and tell when it is time."""
        for name, value in (outputs or {}).items():
            if name.endswith('_spread') or name in LOGGED:
                self.sums[name] = self.sums.get(name, 0.0) + float(value)
                self.counts[name] = self.counts.get(name, 0) + 1
        self.empty += any(float((outputs or {}).get(name, 1)) == 0 for name in PAIRS)
        if self.every_n_train_iters(runner, self.interval):
            self.tell()

    def tell(self) -> None:
        """One line on the iterations since the last one."""
        if not self.sums:
            return  # the method has no such values
        means = {name: total / self.counts[name] for name, total in self.sums.items() if 'skip' not in name}
        parts = [f'{name} {mean:.3g}' for name, mean in means.items()]
        parts += [f'skipped_frames {self.sums.get("skipped_frames", 0):.0f}']
        parts += [f'batches without a pair {self.empty}']
        print_log(', '.join(parts), 'current')
        low = [n for n, mean in means.items() if n.endswith('_spread') and mean < self.min_spread]
        if low:
            print_log(f'features may have collapsed: {", ".join(low)}', 'current', logging.WARNING)
        self.sums, self.counts, self.empty = {}, {}, 0
