"""The start and the steps of moving-average teachers."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from mmdet3d.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import nn

from ..wrapped_models import unwrapped


@runtime_checkable
class FollowsStudent(Protocol):
    """A teacher, such as ``MomentumTeacher``, whose weights follow those of the module that holds it."""

    def start(self, owner: nn.Module) -> None:
        """Take the student's present weights."""

    def follow(self, owner: nn.Module) -> None:
        """Move towards the student's present weights."""


@HOOKS.register_module()
class MomentumTeacherHook(Hook):
    """Let every moving-average teacher of the model start as its student and follow it after each iteration.

    The student has the weights of ``load_from`` only after the model was built and initialised: teachers that
    the loaded file does not hold take them when training starts. Models without such a teacher are left
    alone.

    Raises:
        ValueError: When training resumes from a checkpoint that holds no weights of a teacher.
    """

    def __init__(self) -> None:
        self.loaded: set[str] = set()

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Look for the teachers in the file that is about to be loaded."""
        held = set(checkpoint.get('state_dict', checkpoint))
        for name, (teacher, _) in self.teachers(runner).items():
            if {f'{name}.{key}' for key in teacher.state_dict()} <= held:
                self.loaded.add(name)

    def before_train(self, runner: Runner) -> None:
        """Start."""
        for name, (teacher, owner) in self.teachers(runner).items():
            if name in self.loaded:
                continue
            if runner.iter > 0:
                raise ValueError(
                    f'the checkpoint to resume from must hold all weights {name}.*; '
                    'load_from starts a training anew, its teacher from the student'
                )
            teacher.start(owner)

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch=None, outputs: dict | None = None
    ) -> None:
        """Follow."""
        for teacher, owner in self.teachers(runner).values():
            teacher.follow(owner)

    @staticmethod
    def teachers(runner: Runner) -> dict[str, tuple[FollowsStudent, nn.Module]]:
        """Name -> teacher and the module that holds it."""
        model = unwrapped(runner.model)
        return {
            name: (module, model.get_submodule(name.rpartition('.')[0]))
            for name, module in model.named_modules()
            if isinstance(module, FollowsStudent)
        }
