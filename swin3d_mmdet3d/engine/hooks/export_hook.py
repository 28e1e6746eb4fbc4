"""Files that a model leaves for others when its training ends."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mmdet3d.registry import HOOKS
from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor, nn

from ...checkpoints.writer import write_checkpoint
from ..wrapped_models import unwrapped


@HOOKS.register_module()
class ExportHook(Hook):
    """Write what ``model.export()`` gives, ``{file name: state dict}``, into the work folder after training.

    A file holds ``state_dict`` and ``meta`` with the name of the ``method`` and the ``parts`` of the weights,
    the first words of their names: those of segmentors and detectors, so that
    ``init_cfg=dict(type='StrictPretrained', checkpoint='student.pth', prefix='backbone.')`` loads one. The
    ``style`` of networks that have one, such as mmdet's ResNets, is kept in ``meta`` under ``styles``, by
    their names: 'caffe' and 'pytorch' have the same weights and other strides.

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
            meta = dict(method=type(model).__name__, parts=parts)
            if styles := _styles(model, weights):
                meta['styles'] = styles
            content = dict(meta=meta, state_dict={key: weight.cpu() for key, weight in weights.items()})
            path = Path(runner.work_dir) / name
            write_checkpoint(path, content)
            runner.logger.info(f'exported {len(weights)} weights of {", ".join(parts)} to {path}')


def _styles(model: nn.Module, weights: Mapping[str, Tensor]) -> dict[str, str]:
    """The styles of the networks whose weights are among these, by the networks' names."""
    styles: dict[str, str] = {}
    for name, network in model.named_modules():
        inside = any(name.startswith(f'{outer}.') for outer in styles)  # a block of a network
        kept = any(key.startswith(f'{name}.') for key in weights)
        if isinstance(getattr(network, 'style', None), str) and kept and not inside:
            styles[name] = network.style
    return styles
