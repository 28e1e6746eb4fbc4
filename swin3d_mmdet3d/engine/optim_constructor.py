"""An optimiser's parameter groups: trained weights, those of equal settings together, in fused steps."""

from __future__ import annotations

from typing import Any

import torch
from mmdet3d.registry import OPTIM_WRAPPER_CONSTRUCTORS
from mmengine.optim import DefaultOptimWrapperConstructor
from mmengine.utils import digit_version
from torch import nn

NO_CHANGE = dict(bypass_duplicate=False)
"""A rule that changes nothing: without one the stock class takes all weights, frozen ones too."""
FUSED_ON_CPUS = '2.4'
"""The first torch that has fused steps on CPUs."""
FUSED = ('Adam', 'AdamW')
"""Optimisers whose steps are fused. Torch's fused SGD stops where a weight of a group meets its first
gradient after others, as the norms of a data set do that a later batch is of."""


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class TrainableParamsOptimWrapperConstructor(DefaultOptimWrapperConstructor):
    """mmengine's constructor with few groups of trained weights, whose steps are fused where torch has that.

    The stock one gives every weight a group of its own as soon as one rate differs, and frozen weights too:
    hundreds of groups, each a call of the optimiser, which no fusion joins. Here modules none of whose
    weights need a gradient are passed over, and weights of equal settings share a group, in the order in
    which settings are first met. ``fused=True`` is set for the optimisers ``FUSED``, from torch
    ``FUSED_ON_CPUS`` on, unless the config names ``fused``, ``foreach`` or ``differentiable`` itself: the
    same formula, rounded elsewhere.

    Args:
        optim_wrapper_cfg: As of the stock class.
        paramwise_cfg: Likewise.
    """

    def __init__(self, optim_wrapper_cfg: dict, paramwise_cfg: dict | None = None) -> None:
        super().__init__(optim_wrapper_cfg, paramwise_cfg or dict(NO_CHANGE))
        if _can_be_fused(self.optimizer_cfg):
            self.optimizer_cfg = dict(self.optimizer_cfg, fused=True)

    def add_params(self, params: list[dict], module: nn.Module, prefix: str = '', **kwargs: Any) -> None:
        """Add the groups of a module unless all of it is frozen; those of a whole model are joined."""
        if any(weight.requires_grad for weight in module.parameters()):
            super().add_params(params, module, prefix=prefix, **kwargs)
        if not prefix:
            params[:] = _joined(params)


def _can_be_fused(optimizer_cfg: dict) -> bool:
    if digit_version(torch.__version__) < digit_version(FUSED_ON_CPUS):
        return False
    if {'fused', 'foreach', 'differentiable'} & set(optimizer_cfg):
        return False
    return optimizer_cfg['type'] in FUSED


def _joined(groups: list[dict]) -> list[dict]:
    """Groups of equal settings as one."""
    joined: list[dict] = []
    for group in groups:
        same = [other for other in joined if dict(other, params=None) == dict(group, params=None)]
        if same:
            same[0]['params'] += group['params']
        else:
            joined.append(dict(group, params=list(group['params'])))
    return joined
