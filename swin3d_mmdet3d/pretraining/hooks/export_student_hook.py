"""Export of the student's weights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from mmdet3d.registry import HOOKS
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

from swin3d_mmdet3d.whole_file import whole_file


@HOOKS.register_module()
class ExportStudentHook(Hook):
    """Write the student's weights to one file when training ends.

    Its names are those of segmentors and detectors ('backbone.', 'neck.'), so that
    ``init_cfg=dict(type='StrictPretrained', checkpoint=..., prefix='backbone.')`` loads them.

    Args:
        out: File name, in the work folder.
        parts: Parts of the model to export.
    """

    def __init__(self, out: str = 'student.pth', parts: Sequence[str] = ('backbone', 'neck')) -> None:
        self.out = out
        self.parts = tuple(parts)

    def after_train(self, runner: Runner) -> None:
        """Write the file."""
        if not is_main_process():
            return
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        prefixes = tuple(f'{part}.' for part in self.parts)
        weights = {name: w.cpu() for name, w in model.state_dict().items() if name.startswith(prefixes)}
        if not weights:
            raise ValueError(f'parts must have weights in {type(model).__name__}, got {self.parts}')
        with whole_file(Path(runner.work_dir) / self.out) as part:
            torch.save(dict(meta=dict(method=type(model).__name__), state_dict=weights), part)
        print_log(
            f'{len(weights)} weights of the student are in {Path(runner.work_dir) / self.out}', 'current'
        )
