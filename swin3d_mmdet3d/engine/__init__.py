"""What the runner is given beside a model and data: hooks, parameter groups and files of checkpoints."""

from . import hooks
from .optim_constructor import TrainableParamsOptimWrapperConstructor
from .sharding import ShardedRunner, ShardedStrategy, shard_blocks

__all__ = [
    'ShardedRunner',
    'ShardedStrategy',
    'TrainableParamsOptimWrapperConstructor',
    'hooks',
    'shard_blocks',
]
