"""What the runner is given beside a model and data: hooks, parameter groups and files of checkpoints."""

from . import hooks
from .optim_constructor import TrainableParamsOptimWrapperConstructor

__all__ = ['TrainableParamsOptimWrapperConstructor', 'hooks']
