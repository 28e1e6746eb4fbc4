"""No run with weights that are NaN."""

from __future__ import annotations

from typing import Any

from mmdet3d.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ...finite_values import check_finite_weights


@HOOKS.register_module()
class FiniteWeightsHook(Hook):
    """Refuse to train, validate or test weights, or statistics of norms, that are NaN or infinite.

    A network with such weights still labels every point: the largest of NaN logits is the first. The weights
    are looked at once per training, validation and test, wherever they came from.

    Raises:
        ValueError: Naming the weights.
    """

    priority = 'LOW'  # after EMAHook has put the averaged weights in

    def before_train(self, runner: Runner) -> None:
        """Look at the weights to start from."""
        check_finite_weights(runner.model.state_dict(), 'the model to be trained')

    def before_val_epoch(self, runner: Runner, **kwargs: Any) -> None:
        """Look at the weights to be validated."""
        check_finite_weights(runner.model.state_dict(), 'the model to be validated')

    def before_test_epoch(self, runner: Runner, **kwargs: Any) -> None:
        """Look at the weights to be tested."""
        check_finite_weights(runner.model.state_dict(), 'the model to be tested')
