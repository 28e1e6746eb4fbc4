"""Networks that a training does not touch: backbones under a linear probe."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

from mmdet3d.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import nn

from ..wrapped_models import unwrapped


@HOOKS.register_module()
class FreezeHook(Hook):
    """Keep parts of the model in eval mode, without gradient and out of the optimiser.

    Checkpoints hold them as they hold all else. A teacher needs no such hook: it freezes itself.

    Args:
        names: Attributes of the model, such as 'backbone', or of its parts ('model.backbone').

    Raises:
        ValueError: When training starts, if the model has no such part.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)

    def before_run(self, runner: Runner) -> None:
        """Freeze, and take the frozen weights out of the optimiser, before it has any state."""
        for part in self.parts(runner):
            part.requires_grad_(False)
        if isinstance(runner.optim_wrapper, dict) or runner.optim_wrapper is None:
            return  # not built: the run does not train
        for group in runner.optim_wrapper.param_groups:
            group['params'] = [weight for weight in group['params'] if weight.requires_grad]

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch=None) -> None:
        """Back to eval mode, which the training loop has just left."""
        for part in self.parts(runner):
            part.eval()

    def parts(self, runner: Runner) -> list[nn.Module]:
        """The frozen parts, without those that are None."""
        model = unwrapped(runner.model)
        try:
            parts = [attrgetter(name)(model) for name in self.names]
        except AttributeError as error:
            raise ValueError(f'names must be parts of {type(model).__name__}, got {self.names}') from error
        return [part for part in parts if part is not None]
