"""An optimiser's parameter groups without frozen networks."""

from __future__ import annotations

from typing import Any

from mmdet3d.registry import OPTIM_WRAPPER_CONSTRUCTORS
from mmengine.optim import DefaultOptimWrapperConstructor
from torch import nn


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class TrainedWeightsConstructor(DefaultOptimWrapperConstructor):
    """mmengine's constructor, passing over modules none of whose weights need a gradient.

    The stock one gives every frozen weight a group and a warning line: some 150 for a teacher.
    """

    def add_params(self, params: list[dict], module: nn.Module, **kwargs: Any) -> None:
        """Add the groups of a module unless all of it is frozen."""
        if any(weight.requires_grad for weight in module.parameters()):
            super().add_params(params, module, **kwargs)
