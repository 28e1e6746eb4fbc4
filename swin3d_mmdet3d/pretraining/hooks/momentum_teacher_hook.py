"""The step of a moving-average teacher."""

from __future__ import annotations

from typing import Optional

from mmdet3d.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner


@HOOKS.register_module()
class MomentumTeacherHook(Hook):
    """Let the model's ``MomentumTeacher`` follow its student after every iteration.

    Args:
        teacher: Attribute of the model that holds the teacher; its networks are attributes of the model.
    """

    def __init__(self, teacher: str = 'teacher') -> None:
        self.teacher = teacher

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch=None, outputs: Optional[dict] = None
    ) -> None:
        """Follow."""
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        teacher = getattr(model, self.teacher)
        teacher.follow({name: getattr(model, name) for name in teacher.networks})
