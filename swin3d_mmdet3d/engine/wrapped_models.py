"""The model inside what is wrapped around it."""

from __future__ import annotations

from mmengine.model import BaseModel, is_model_wrapper
from torch import nn


def unwrapped(model: nn.Module) -> nn.Module:
    """The model out of the wrapper of distributed training."""
    return model.module if is_model_wrapper(model) else model


def innermost_model(model: nn.Module) -> nn.Module:
    """The segmentor, detector or pretrainer, out of models that train another one, their ``model``."""
    model = unwrapped(model)
    while isinstance(getattr(model, 'model', None), BaseModel):
        model = model.model
    return model
