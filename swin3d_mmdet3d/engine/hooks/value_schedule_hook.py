"""Numbers of a model that change with the iterations."""

from __future__ import annotations

import math
from typing import Any

from mmdet3d.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import nn

from ..wrapped_models import unwrapped


@HOOKS.register_module()
class ValueScheduleHook(Hook):
    """Set a number of the model before each iteration: a line from start to base, then a cosine to the end.

    The value is a function of the iteration alone (:meth:`value_at`): a training that was killed and resumed
    goes on with the numbers of the uninterrupted one. It is logged under the name of the target.

    Args:
        target: Attribute of the model, such as 'masker.ratio' or 'teacher.momentum'.
        base: Value after the warm-up.
        end: Iteration from which on the value is the last one.
        start: Value of the first iteration; ``base`` by default.
        final: Value at the end; ``base`` by default.
        warmup: Iterations that the line takes, fewer than ``end``.

    Raises:
        ValueError: If ``warmup`` is out of range; before training, if the model has no such number.

    Source: ``CosineScheduler`` of github.com/Pointcept/Pointcept, for arXiv 2503.16429 (Sonata).
    """

    def __init__(
        self,
        target: str,
        base: float,
        end: int,
        start: float | None = None,
        final: float | None = None,
        warmup: int = 0,
    ) -> None:
        if not 0 <= warmup < end:
            raise ValueError(f'warmup must lie in [0, {end}), before the end, got {warmup}')
        self.target = target
        self.base = base
        self.end = end
        self.start = base if start is None else start
        self.final = base if final is None else final
        self.warmup = warmup

    def value_at(self, iteration: int) -> float:
        """The value of an iteration, counted from 0."""
        if iteration < self.warmup:
            return self.start + (self.base - self.start) * iteration / self.warmup
        progress = min(1.0, (iteration - self.warmup) / (self.end - self.warmup))
        return self.final + (self.base - self.final) * (1 + math.cos(math.pi * progress)) / 2

    def before_train(self, runner: Runner) -> None:
        """Look for the number before any time is spent."""
        owner, name = self._owner(runner)
        value = getattr(owner, name, None)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            found = 'none' if value is None else type(value).__name__
            raise ValueError(f'target must be a number of the model, got {self.target!r}, which is {found}')

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        """Set the value of the iteration that begins."""
        owner, name = self._owner(runner)
        value = self.value_at(runner.iter)
        setattr(owner, name, value)
        runner.message_hub.update_scalar(f'train/{self.target}', value)

    def _owner(self, runner: Runner) -> tuple[nn.Module, str]:
        """The module that has the number, and the number's name there."""
        path, _, name = self.target.rpartition('.')
        try:
            return unwrapped(runner.model).get_submodule(path), name
        except AttributeError as error:
            raise ValueError(f'target must be a number of the model, got {self.target!r}: {error}') from None
