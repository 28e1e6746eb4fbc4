"""An optimiser's parameter groups without frozen networks."""

from __future__ import annotations

from typing import Any

from mmdet3d.registry import OPTIM_WRAPPER_CONSTRUCTORS
from mmengine.optim import DefaultOptimWrapperConstructor
from torch import nn

NO_CHANGE = dict(bypass_duplicate=False)
"""A rule that changes nothing: without one the stock class takes all weights, frozen ones too."""


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class TrainableParamsOptimWrapperConstructor(DefaultOptimWrapperConstructor):
    """mmengine's constructor, passing over modules none of whose weights need a gradient.

    The stock one gives every frozen weight a group and a warning line: some 150 for a teacher.

    Args:
        optim_wrapper_cfg: As of the stock class.
        paramwise_cfg: Likewise.
    """

    def __init__(self, optim_wrapper_cfg: dict, paramwise_cfg: dict | None = None) -> None:
        super().__init__(optim_wrapper_cfg, paramwise_cfg or dict(NO_CHANGE))

    def add_params(self, params: list[dict], module: nn.Module, **kwargs: Any) -> None:
        """Add the groups of a module unless all of it is frozen."""
        if any(weight.requires_grad for weight in module.parameters()):
            super().add_params(params, module, **kwargs)
