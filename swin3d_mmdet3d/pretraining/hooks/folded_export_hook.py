"""Plain models out of a prompted one, written when training ends."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Optional

import torch
from mmdet3d.registry import HOOKS
from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

from swin3d_mmdet3d.whole_file import whole_file


@HOOKS.register_module()
class FoldedExportHook(Hook):
    """Fold the prompt of each condition into plain norms and write the weights after training.

    ``<work_dir>/<condition>.pth`` holds the state dict of the inner model without prompts: its backbone and
    neck load strictly into the ordinary networks and give the same outputs.

    Args:
        conditions: Conditions to export; all by default.
        parts: Parts of the inner model to export; those it lacks are passed over.
    """

    priority = 'LOW'

    def __init__(
        self,
        conditions: Optional[Sequence[str]] = None,
        parts: Sequence[str] = ('backbone', 'neck', 'decode_head'),
    ) -> None:
        self.conditions = conditions
        self.prefixes = tuple(f'{part}.' for part in parts)

    @master_only
    def after_train(self, runner: Runner) -> None:
        """Write a file for each condition."""
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        for condition in self.conditions or model.conditions:
            path = Path(runner.work_dir) / f'{condition}.pth'
            weights = model.folded_state_dict(condition)
            weights = {name: w.cpu() for name, w in weights.items() if name.startswith(self.prefixes)}
            meta = dict(condition=condition, folded_from=type(model).__name__)
            with whole_file(path) as part:
                torch.save(dict(meta=meta, state_dict=weights), part)
            runner.logger.info(f'exported the plain model of {condition} to {path}')
