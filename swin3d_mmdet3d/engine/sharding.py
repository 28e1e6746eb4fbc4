"""Trainings whose weights, gradients and optimiser states are sharded over the processes (FSDP)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmengine._strategy import FSDPStrategy
from mmengine.config import ConfigDict
from mmengine.device import get_device
from mmengine.dist import is_main_process
from mmengine.registry import FUNCTIONS, RUNNERS, STRATEGIES
from mmengine.runner import FlexibleRunner
from torch import nn
from torch.distributed.fsdp import (
    FullOptimStateDictConfig,
    FullStateDictConfig,
    FullyShardedDataParallel,
    StateDictType,
)

from .atomic_checkpoints import atomic_checkpoint
from .hooks import AtomicCheckpointHook

CPU = 'cpu'


@STRATEGIES.register_module()
class ShardedStrategy(FSDPStrategy):
    """mmengine's ``FSDPStrategy`` that resumes, and that runs on the CPU as well as on GPUs.

    mmengine 0.10.7 hands the saved states of the optimiser to PyTorch in an order of arguments that PyTorch
    has no longer, so that no training resumes. PyTorch chooses no CPU by itself, and frees the whole weights
    that it has "moved" to the CPU where they were there already, which ends the process: on the CPU the
    device is named, and whole weights stay where they are.

    Args:
        kwargs: Those of ``FSDPStrategy``.
    """

    def __init__(self, **kwargs) -> None:
        super().__init__(**kwargs)
        if get_device() != CPU:
            return
        self.model_wrapper = ConfigDict(self.model_wrapper or {}, device_id=CPU)
        if self.state_dict_type == StateDictType.FULL_STATE_DICT:
            self.state_dict_config = FullStateDictConfig()
            self.optim_state_dict_config = FullOptimStateDictConfig()

    def save_checkpoint(self, filename: str, **kwargs: Any) -> None:
        """Write whole weights and states atomically; shards, a file of each process, as mmengine does.

        Raises:
            OSError: Naming the file and the free space, if it cannot be written.
        """
        if not self._is_full_state_dict() or not is_main_process():
            super().save_checkpoint(filename, **kwargs)
            return
        with atomic_checkpoint(filename) as part:
            super().save_checkpoint(str(part), **kwargs)

    def load_optim_state_dict(self, state_dict: dict) -> None:
        """Give the optimiser its share of the saved states."""
        optimizer = self.optim_wrapper.optimizer
        share = FullyShardedDataParallel.optim_state_dict_to_load(
            model=self.model, optim=optimizer, optim_state_dict=state_dict
        )
        self.optim_wrapper.load_state_dict(share)


@RUNNERS.register_module()
class ShardedRunner(FlexibleRunner):
    """mmengine's ``FlexibleRunner``, which resumes from the newest whole checkpoint as its ``Runner`` does.

    It loads before its hooks are asked, so that :class:`AtomicCheckpointHook` would come too late.
    """

    def load_or_resume(self) -> None:
        """Let the hook choose first."""
        for hook in self.hooks:
            if isinstance(hook, AtomicCheckpointHook):
                hook.choose_checkpoint(self)
        super().load_or_resume()


@FUNCTIONS.register_module()
def shard_blocks(
    module: nn.Module, recurse: bool, nonwrapped_numel: int, blocks: Sequence[str] = ('Swin3DBlock',)
) -> bool:
    """The ``auto_wrap_policy`` by which each block is a unit, and the rest of the network is one.

    A unit has its whole weights while its own forward pass runs, and no longer. A module whose weights others
    read, as a block those of its last linear layer, must not be one; a policy by size would make it one.

    Args:
        module: The module that is looked at.
        recurse: Whether the question is to look inside, which is always so.
        nonwrapped_numel: Weights of the module that are in no unit yet; not read.
        blocks: Names of the classes of blocks.

    Source: arXiv 2304.11277 (PyTorch FSDP), section 3.2.1; ``transformer_auto_wrap_policy`` of
        ``torch.distributed.fsdp.wrap``, which takes classes, that a config cannot hold.
    """
    return recurse or type(module).__name__ in blocks
