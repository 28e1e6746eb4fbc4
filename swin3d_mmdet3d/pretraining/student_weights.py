"""Initialisation from a pretrained student that fails where weights are missing."""

from __future__ import annotations

from mmengine.logging import print_log
from mmengine.registry import WEIGHT_INITIALIZERS
from mmengine.runner.checkpoint import CheckpointLoader
from torch import nn

from swin3d_mmdet3d.finite_values import check_finite_weights


@WEIGHT_INITIALIZERS.register_module()
class StrictPretrained:
    """Load every weight of a module, or none: ``init_cfg=dict(type='StrictPretrained', ...)``.

    mmengine's 'Pretrained' trains a part whose weights the file lacks from scratch and says so in one line.

    Args:
        checkpoint: File, local or at any address that mmengine reads.
        prefix: What the names of the module's weights begin with in the file, such as 'backbone.'.

    Raises:
        ValueError: Naming file and weights, if some are missing, differ in shape or have no place, are NaN or
            infinite.
    """

    def __init__(self, checkpoint: str, prefix: str = '') -> None:
        self.checkpoint = checkpoint
        self.prefix = prefix

    def __call__(self, module: nn.Module) -> None:
        """Load into ``module``."""
        content = CheckpointLoader.load_checkpoint(self.checkpoint, map_location='cpu')
        weights = content.get('state_dict', content)
        start = len(self.prefix)
        own = {name[start:]: w for name, w in weights.items() if name.startswith(self.prefix)}
        expected = {name: tuple(w.shape) for name, w in module.state_dict().items()}
        missing = sorted(set(expected) - set(own))
        unexpected = sorted(set(own) - set(expected))
        unequal = [n for n in own if n in expected and tuple(own[n].shape) != expected[n]]
        if missing or unexpected or unequal:
            raise ValueError(
                f'{self.checkpoint} with the prefix {self.prefix!r} does not fit {type(module).__name__}: '
                f'{len(missing)} weights missing {missing[:3]}, {len(unexpected)} without a place '
                f'{unexpected[:3]}, {len(unequal)} of another shape {unequal[:3]}'
            )
        check_finite_weights(own, self.checkpoint)
        module.load_state_dict(own)
        print_log(f'loaded {len(own)} weights {self.prefix}* of {self.checkpoint}', 'current')

    def _get_init_info(self) -> str:
        return f'{type(self).__name__}: load from {self.checkpoint}'
