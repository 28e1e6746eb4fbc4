"""Networks that a training does not touch: frozen teachers, backbones under a linear probe."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

from mmdet3d.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import nn

from ..teachers import MomentumTeacher


@HOOKS.register_module()
class FreezeHook(Hook):
    """Keep parts of the model in eval mode, without gradient and out of the optimiser.

    A :class:`MomentumTeacher` is passed over: its weights change, so that checkpoints must hold them.

    Args:
        names: Attributes of the model, such as 'teacher', or of its parts ('model.teacher').
        in_checkpoint: Whether checkpoints hold them; those of a teacher need not, its own file does.

    Raises:
        ValueError: When training starts, if the model has no such part.
    """

    def __init__(self, names: Sequence[str] = ('teacher',), in_checkpoint: bool = False) -> None:
        self.names = tuple(names)
        self.in_checkpoint = in_checkpoint

    def before_run(self, runner: Runner) -> None:
        """Freeze, and take the frozen weights out of the optimiser, before it has any state."""
        for part in self.parts(runner).values():
            part.requires_grad_(False)
        if isinstance(runner.optim_wrapper, dict) or runner.optim_wrapper is None:
            return  # not built: the run does not train
        for group in runner.optim_wrapper.param_groups:
            group['params'] = [weight for weight in group['params'] if weight.requires_grad]

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch=None) -> None:
        """Back to eval mode, which the training loop has just left."""
        for part in self.parts(runner).values():
            part.eval()

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Leave the parts out of the file, unless they belong there."""
        if self.in_checkpoint:
            return
        prefixes = tuple(f'{name}.' for name in self.parts(runner))
        for key in [key for key in checkpoint['state_dict'] if key.startswith(prefixes)]:
            del checkpoint['state_dict'][key]

    def parts(self, runner: Runner) -> dict[str, nn.Module]:
        """The frozen parts by name, without those that are None or a moving average."""
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        try:
            parts = {name: attrgetter(name)(model) for name in self.names}
        except AttributeError as error:
            raise ValueError(f'names must be parts of {type(model).__name__}, got {self.names}') from error
        frozen = {name: part for name, part in parts.items() if not isinstance(part, MomentumTeacher)}
        return {name: part for name, part in frozen.items() if part is not None}
