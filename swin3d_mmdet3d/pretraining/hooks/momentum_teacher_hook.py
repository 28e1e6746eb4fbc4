"""The start and the step of a moving-average teacher."""

from __future__ import annotations

from typing import Optional

from mmdet3d.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import nn

from ..teachers import MomentumTeacher


@HOOKS.register_module()
class MomentumTeacherHook(Hook):
    """Let the model's ``MomentumTeacher`` start as its student and follow it after every iteration.

    The student has the weights of its ``init_cfg`` or of a loaded checkpoint only after the model was built:
    the teacher takes them when training starts, unless the checkpoint holds a teacher.

    Args:
        teacher: Part of the model that is the teacher, such as 'teacher' or 'model.teacher'; its networks are
            parts of what holds it.

    Raises:
        ValueError: When training resumes from a checkpoint that holds no such teacher.
    """

    def __init__(self, teacher: str = 'teacher') -> None:
        self.teacher = teacher
        self.loaded = False

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Look for the teacher in the file that is about to be loaded."""
        prefix = f'{self.teacher}.'
        needed = {prefix + key for key in self.parts(runner)[0].state_dict()}
        self.loaded = needed <= set(checkpoint.get('state_dict', checkpoint))

    def before_train(self, runner: Runner) -> None:
        """Start."""
        if self.loaded:
            return
        if runner.iter > 0:
            raise ValueError(
                f'the checkpoint to resume from must hold all weights {self.teacher}.*; '
                'load_from starts a training anew, its teacher from the student'
            )
        teacher, networks = self.parts(runner)
        teacher.start(networks)

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch=None, outputs: Optional[dict] = None
    ) -> None:
        """Follow."""
        teacher, networks = self.parts(runner)
        teacher.follow(networks)

    def parts(self, runner: Runner) -> tuple[MomentumTeacher, dict[str, nn.Module]]:
        """The teacher and its student's networks by name."""
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        owner, _, _ = self.teacher.rpartition('.')
        teacher = model.get_submodule(self.teacher)
        return teacher, {name: getattr(model.get_submodule(owner), name) for name in teacher.networks}
