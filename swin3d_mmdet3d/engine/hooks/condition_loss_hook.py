"""The losses of each data set, logged apart."""

from __future__ import annotations

from mmdet3d.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import Runner


@HOOKS.register_module()
class ConditionLossHook(Hook):
    """Log the losses of a batch a second time under the name of its condition: ``<condition>/<loss>``."""

    priority = 'NORMAL'

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: dict | None = None,
    ) -> None:
        """Log the losses of the step."""
        condition = data_batch['data_samples'][0].metainfo['condition']
        for name, value in (outputs or {}).items():
            if 'loss' in name:
                runner.message_hub.update_scalar(f'train/{condition}/{name}', value)
