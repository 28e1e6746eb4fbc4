"""Averages over processes of what each has of its own: logged values and running statistics of norms."""

from __future__ import annotations

from itertools import chain
from typing import Any

import torch
from mmdet3d.registry import HOOKS
from mmengine.dist import all_gather_object, all_reduce, all_reduce_params, get_world_size
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase

from ..wrapped_models import unwrapped


@HOOKS.register_module()
class ProcessMeanHook(Hook):
    """Average the logged values, and the running statistics of norms, over processes after each iteration.

    mmengine logs what the first process has of its own batch, and saves the statistics that this one has
    gathered, while every process validates by its own. Here the log has the loss of the whole batch, all
    processes stop where the loss of one is NaN, and validation, moving-average teachers and the checkpoint
    have the same statistics. Norms of ``sync_bn`` are even already. In a run of one process nothing is done.

    A value that some processes do not have in an iteration is the mean of those that do.
    """

    priority = 'HIGHEST'  # before the values are logged and looked at, and teachers copy the statistics

    def __init__(self) -> None:
        self.names: list[str] = []

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: dict | None = None
    ) -> None:
        """Average."""
        if get_world_size() == 1:
            return
        if outputs:
            outputs.update(self.means(outputs))
        norms = gathering_norms(unwrapped(runner.model))
        if norms:
            moments = chain(*((norm.running_mean, norm.running_var) for norm in norms))
            all_reduce_params(list(moments), op='mean')
            # a norm without rows in one process has counted fewer batches there
            all_reduce_params([norm.num_batches_tracked for norm in norms], op='max')

    def means(self, values: dict[str, Tensor]) -> dict[str, Tensor]:
        """The means of scalars over the processes that have them; every process gives what it has."""
        while True:
            table = self._own(values)
            all_reduce(table)
            if table[-1] == 0:
                break
            # a name that some process has not heard of; all learn the names of all
            self.names = sorted({*self.names, *chain(*all_gather_object(list(values)))})
        total, count = table[:-1].view(2, -1)
        means = dict(zip(self.names, total / count))
        return {name: means[name].to(value.dtype) for name, value in values.items()}

    def _own(self, values: dict[str, Tensor]) -> Tensor:
        """For each known name its value, or 0, then whether it has one, and whether there are other names."""
        nothing = next(iter(values.values())).new_zeros((), dtype=torch.float64)
        own = [values[name].detach().double() if name in values else nothing for name in self.names]
        known = [float(name in values) for name in self.names]
        flags = nothing.new_tensor([*known, float(bool(values.keys() - set(self.names)))])
        return torch.cat([torch.stack(own), flags]) if own else flags


def gathering_norms(model: nn.Module) -> list[_NormBase]:
    """The norms of a model that gather running statistics over the batches of their own process."""
    return [
        norm
        for norm in model.modules()
        if isinstance(norm, _NormBase) and norm.training and not isinstance(norm, nn.SyncBatchNorm)
        if norm.running_mean is not None
    ]
