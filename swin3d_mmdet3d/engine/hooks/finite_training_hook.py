"""An end to training where loss or gradient are NaN or infinite."""

from __future__ import annotations

import math
from collections import deque
from functools import partial
from typing import Any

import torch
from mmdet3d.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch.optim import Optimizer

from ..non_finite_step import describe_step
from ..optim_wrappers import optim_wrappers


@HOOKS.register_module()
class FiniteTrainingHook(Hook):
    """Stop training where the loss or the norm of the gradient is NaN or infinite, and tell where it began.

    The gradient is looked at before each step of the optimiser, so that the weights stay sound, and the loss
    after each iteration. Then the batch is run once more to find the first module that gave such values. On
    a GPU this costs one wait for the device a step; mmengine waits for each value that it logs.

    Under mixed precision an infinite gradient is no fault: the gradient scaler skips that step and lowers its
    scale. A loss that is NaN or infinite is a fault there, too.

    Raises:
        FloatingPointError: Naming the scans, and the module or weight.
    """

    priority = 'ABOVE_NORMAL'  # before anything saves or averages the weights

    def before_train(self, runner: Runner) -> None:
        """Look at the gradient before each step from now on."""
        wrappers = optim_wrappers(runner)
        self.batches: deque = deque(maxlen=max(wrapper._accumulative_counts for wrapper in wrappers))
        look = partial(self._look_at_gradient, runner)
        self.handles = [wrapper.optimizer.register_step_pre_hook(look) for wrapper in wrappers]

    def after_train(self, runner: Runner) -> None:
        """Leave the optimisers as they were."""
        for handle in self.handles:
            handle.remove()

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        """Keep the batches of the next step."""
        self.batches.append(data_batch)

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: dict | None = None
    ) -> None:
        """Look at the loss."""
        loss = outputs['loss'].item() if outputs and 'loss' in outputs else 0.0
        if not math.isfinite(loss):
            self._stop(runner, f'the loss is {loss}')

    def _look_at_gradient(self, runner: Runner, optimizer: Optimizer, args: tuple, kwargs: dict) -> None:
        if getattr(optimizer, 'found_inf', None) is not None:
            return  # a fused optimiser, which skips the step of a gradient scaler by itself
        norm = float(gradient_norm(optimizer))
        if not math.isfinite(norm):
            self._stop(runner, f'the norm of the gradient is {norm}')

    def _stop(self, runner: Runner, what: str) -> None:
        found = describe_step(runner.model, list(self.batches), optim_wrappers(runner)[0])
        raise FloatingPointError(f'training stops at iteration {runner.iter + 1}: {what}. {found}')


def gradient_norm(optimizer: Optimizer) -> torch.Tensor:
    """The Euclidean norm of all gradients of an optimiser: a scalar, 0 without gradients."""
    weights = [weight for group in optimizer.param_groups for weight in group['params']]
    gradients = [weight.grad for weight in weights if weight.grad is not None]
    if not gradients:
        return torch.zeros(())
    return torch.stack(torch._foreach_norm(gradients)).norm()
