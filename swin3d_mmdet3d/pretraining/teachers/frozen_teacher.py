"""What every teacher that is not trained has in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmengine.model import BaseModule
from torch import nn


class FrozenTeacher(BaseModule):
    """A network that is neither trained nor saved: its weights come from a file of its own.

    Its weights need no gradient, it stays in eval mode whatever the model around it is told, and the state
    dict of that model does not hold it; such a state dict loads strictly. Its own ``state_dict()`` is whole.
    A subclass builds its networks and then calls :meth:`freeze`.

    Args:
        init_cfg: Initialisation config of mmengine.
    """

    def __init__(self, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        self._register_state_dict_hook(_leave_out)
        self._register_load_state_dict_pre_hook(_keep_own, with_module=True)

    def freeze(self) -> None:
        """Take the networks out of training, once they are all there."""
        self.requires_grad_(False)
        self.train(False)

    def train(self, mode: bool = True) -> FrozenTeacher:
        """Stay in eval mode."""
        return super().train(False)


def _leave_out(module: nn.Module, state: dict[str, Any], prefix: str, metadata: Mapping) -> None:
    """Remove what a part of a larger state dict holds of the teacher."""
    if prefix:
        for key in [key for key in state if key.startswith(prefix)]:
            del state[key]


def _keep_own(module: nn.Module, state: dict[str, Any], prefix: str, *args: Any) -> None:
    """Put the present weights where the state dict of a larger model has none to load."""
    if prefix and not any(key.startswith(prefix) for key in state):
        state.update({prefix + key: weight for key, weight in module.state_dict().items()})
