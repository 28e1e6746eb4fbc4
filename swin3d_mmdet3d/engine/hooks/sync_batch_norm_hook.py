"""Batch norms over all processes among norms that are called with voxels."""

from __future__ import annotations

from mmdet3d.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import nn

from ...models.layers.norms import SyncBatchNorm


@HOOKS.register_module()
class SyncBatchNormHook(Hook):
    """Let the batch norms that ``sync_bn='torch'`` makes be called as this package's norms are.

    mmengine replaces every batch norm of a distributed run by PyTorch's ``nn.SyncBatchNorm``, which takes
    features alone. Without ``sync_bn`` there is nothing to do.
    """

    priority = 'VERY_HIGH'

    def before_run(self, runner: Runner) -> None:
        """Exchange the class; weights and statistics stay where they are."""
        for module in runner.model.modules():
            if type(module) is nn.SyncBatchNorm:
                module.__class__ = SyncBatchNorm
