"""Files that a model leaves for others when its training ends."""

from __future__ import annotations

from pathlib import Path

import torch
from mmdet3d.registry import HOOKS
from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ...atomic_write import atomic_write
from ..wrapped_models import unwrapped


@HOOKS.register_module()
class ExportHook(Hook):
    """Write what ``model.export()`` gives, ``{file name: state dict}``, into the work folder after training.

    A file holds ``state_dict`` and ``meta`` with the name of the ``method`` and the ``parts`` of the weights,
    the first words of their names: those of segmentors and detectors, so that
    ``init_cfg=dict(type='StrictPretrained', checkpoint='student.pth', prefix='backbone.')`` loads one.

    Raises:
        ValueError: When training starts, if the model has no ``export``; when it ends, if a file would hold
            no weights.
    """

    priority = 'LOW'

    def before_train(self, runner: Runner) -> None:
        """Look for ``export`` before any time is spent."""
        model = unwrapped(runner.model)
        if not hasattr(model, 'export'):
            raise ValueError(f'ExportHook needs a model with export(), got {type(model).__name__}')

    @master_only
    def after_train(self, runner: Runner) -> None:
        """Write the files."""
        model = unwrapped(runner.model)
        for name, weights in model.export().items():
            if not weights:
                raise ValueError(f'export() of {type(model).__name__} must give weights for {name}, got none')
            parts = list(dict.fromkeys(key.partition('.')[0] for key in weights))
            content = dict(
                meta=dict(method=type(model).__name__, parts=parts),
                state_dict={key: weight.cpu() for key, weight in weights.items()},
            )
            path = Path(runner.work_dir) / name
            with atomic_write(path) as part:
                torch.save(content, part)
            runner.logger.info(f'exported {len(weights)} weights of {", ".join(parts)} to {path}')
