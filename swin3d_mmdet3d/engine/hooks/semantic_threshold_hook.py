"""The falling semantic threshold of CAGroup3D."""

from __future__ import annotations

from mmdet3d.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ..wrapped_models import innermost_model


@HOOKS.register_module()
class SemanticThresholdHook(Hook):
    """Lower the score above which a voxel is grouped: max(start - step * epoch, minimum).

    The value follows from the epoch's number alone, so that a resumed run continues where it was. In
    evaluation the head takes its own ``min_semantic_threshold``.

    Args:
        start: Threshold of the first epoch, in [0, 1].
        step: How much it falls each epoch.
        minimum: Where it stays.

    Raises:
        ValueError: If a number is out of range, or the model's head has no such threshold.

    Source: SEMANTIC_THR, SEMANTIC_ITER_VALUE and SEMANTIC_MIN_THR of github.com/Haiyang-W/CAGroup3D.
    """

    def __init__(self, start: float = 0.15, step: float = 0.02, minimum: float = 0.05) -> None:
        if not 0 <= minimum <= start <= 1 or step < 0:
            raise ValueError(
                'start, step and minimum must satisfy 0 <= minimum <= start <= 1 and step >= 0, '
                f'got {start}, {step} and {minimum}'
            )
        self.start = start
        self.step = step
        self.minimum = minimum

    def before_train_epoch(self, runner: Runner) -> None:
        """Set the threshold of the epoch that begins."""
        head = getattr(innermost_model(runner.model), 'bbox_head', None)
        if not hasattr(head, 'semantic_threshold'):
            raise ValueError(
                'SemanticThresholdHook needs a model whose bbox_head has a semantic_threshold, '
                f'got bbox_head {type(head).__name__}'
            )
        head.semantic_threshold = max(self.start - self.step * runner.epoch, self.minimum)
