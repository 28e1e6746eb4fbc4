"""A look at the class names of all parts of a run before it starts."""

from __future__ import annotations

from mmdet3d.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ...datasets.class_agreement import check_class_agreement, head_classes
from ...datasets.wrapped_settings import LOADERS
from ..wrapped_models import innermost_model


@HOOKS.register_module()
class ClassAgreementHook(Hook):
    """Compare the classes of head, training, validation and test data before training or testing.

    A model whose head has no number of classes, such as one of several data sets, is left alone, and so is a
    data set that states no names.

    Raises:
        ValueError: One error with the classes of every part, if they differ.
    """

    priority = 'VERY_HIGH'

    def before_train(self, runner: Runner) -> None:
        """Compare all parts."""
        self._check(runner, LOADERS)

    def before_test(self, runner: Runner) -> None:
        """Compare head and test data."""
        self._check(runner, LOADERS[2:])

    def _check(self, runner: Runner, loaders: tuple[str, ...]) -> None:
        number = head_classes(innermost_model(runner.model))
        if number is not None:
            check_class_agreement({name: runner.cfg.get(name) for name in loaders}, number)
