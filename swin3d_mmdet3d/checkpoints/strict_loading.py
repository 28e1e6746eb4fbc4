"""Weights are loaded whole or refused by name; mmengine goes on with random ones where some are missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmengine.logging import print_log
from mmengine.registry import WEIGHT_INITIALIZERS
from torch import Tensor, nn

from ..finite_values import check_finite_weights, first_names
from .loader import read_checkpoint
from .shipped_weights import weights_under_condition


def load_strictly(module: nn.Module, weights: Mapping[str, Tensor], source: str) -> None:
    """Load weights into a module that has exactly these names and shapes.

    Args:
        module: The module.
        weights: Its state dict.
        source: Where the weights come from, for the message.

    Raises:
        ValueError: Naming the weights that are missing, unknown, of another shape, NaN or infinite; the
            module is then unchanged.
    """
    own = module.state_dict()
    problems = {
        'missing': [name for name in own if name not in weights],
        'unknown': [name for name in weights if name not in own],
        'of another shape': [n for n in own if n in weights and own[n].shape != weights[n].shape],
    }
    if any(problems.values()):
        told = '; '.join(
            f'{len(names)} {kind}: {first_names(names)}' for kind, names in problems.items() if names
        )
        raise ValueError(
            f'{source} is a checkpoint of another model than this {type(module).__name__}: {told}'
        )
    check_finite_weights(weights, source)
    module.load_state_dict(weights)


@WEIGHT_INITIALIZERS.register_module()
class StrictPretrained:
    """Load every weight of a module, or none: ``init_cfg=dict(type='StrictPretrained', ...)``.

    mmengine's 'Pretrained' trains a part whose weights the file lacks from scratch and says so in one line.

    Args:
        checkpoint: File, local or at any address that mmengine reads.
        prefix: What the names of the module's weights begin with in the file, such as 'backbone.'.
        if_listed: Leave the module as it is, and say so, where the ``parts`` that the file lists in its
            ``meta``, as ``ExportHook`` writes them, have no such part: a student without a decoder.
        condition: Of a file whose norms are kept once per condition, the one under which they serve; None
            for other files.

    Raises:
        ValueError: Naming file and weights, if some are missing, differ in shape or have no place, are NaN or
            infinite; if no norm has the condition; if parts are to be listed and the file has no list; if the
            file says that the network had another ``style``, which weights do not show.
    """

    def __init__(
        self, checkpoint: str, prefix: str = '', if_listed: bool = False, condition: str | None = None
    ) -> None:
        self.checkpoint = checkpoint
        self.prefix = prefix
        self.if_listed = if_listed
        self.condition = condition

    def __call__(self, module: nn.Module) -> None:
        """Load into ``module``."""
        weights, meta = read_checkpoint(self.checkpoint)
        if self.if_listed and not self._is_listed(meta.get('parts')):
            return
        self._check_style(module, meta)
        start = len(self.prefix)
        own = {name[start:]: w for name, w in weights.items() if name.startswith(self.prefix)}
        if self.condition is not None:
            own = weights_under_condition(own, self.condition)
        load_strictly(module, own, f'{self.prefix}* of {self.checkpoint}')
        print_log(f'loaded {len(own)} weights {self.prefix}* of {self.checkpoint}', 'current')

    def _is_listed(self, parts: Any) -> bool:
        if not isinstance(parts, (list, tuple)) or not all(isinstance(part, str) for part in parts):
            raise ValueError(f"{self.checkpoint} must list its parts in meta['parts'], got {parts!r}")
        listed = self.prefix.rstrip('.') in parts
        if not listed:
            print_log(
                f'{self.checkpoint} has {", ".join(parts)} and no {self.prefix}*: not loaded', 'current'
            )
        return listed

    def _check_style(self, module: nn.Module, meta: Mapping[str, Any]) -> None:
        """Compare 'caffe' or 'pytorch', which put their strides elsewhere, where file and module have one."""
        styles = meta.get('styles')
        kept = styles.get(self.prefix.rstrip('.')) if isinstance(styles, Mapping) else None
        own = getattr(module, 'style', None)
        if kept is not None and own is not None and kept != own:
            raise ValueError(
                f'style of {type(module).__name__} must be {kept!r}, that of {self.prefix}* of '
                f'{self.checkpoint}, got {own!r}'
            )

    def _get_init_info(self) -> str:
        return f'{type(self).__name__}: load from {self.checkpoint}'
