"""The times at which a model labels its training data itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Protocol, runtime_checkable

import torch
from mmdet3d.registry import HOOKS
from mmengine.dist import all_gather_object, get_dist_info
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner
from torch import Tensor

from ...datasets.seeded_generators import seeded_generators
from ...models.evaluation_mode import evaluating
from ..wrapped_models import unwrapped

LABEL_PASS = 6


@runtime_checkable
class LabelsItself(Protocol):
    """A model, such as ``SL3D``, that labels cells of scenes by its own predictions for them."""

    def predict_cells(self, inputs: dict, data_samples: list) -> tuple[Tensor, Tensor]:
        """Keys ``(N,)`` of the cells of a batch, and logits ``(N, K)``."""

    def assign_labels(self, cells: Tensor, logits: Tensor) -> None:
        """Take the labels that follow from them."""


@HOOKS.register_module()
class SelfLabelHook(Hook):
    """Run the model over its training data from time to time, and let it label them.

    The times lie densely at the start: before iteration ``int((j / (T - 1)) ** power * max_iters)`` for j = 0
    .. T - 1, the last of which is behind the end. The model is in eval mode meanwhile. Each sample is made by
    the training pipeline, with random numbers that follow from the seed, the iteration and its row, so that a
    resumed training is the uninterrupted one. Of several processes each predicts its share of the rows, and
    the labels balance the cells of all: they are those of one process. A cell that several rows show has the
    prediction of the last one.

    Args:
        times: Times T, at least 2.
        power: Exponent of their spacing.

    Raises:
        ValueError: If ``times`` is below 2; before training, if the model does not label itself.

    Source: arXiv 2210.16810, its code in github.com/fcendra/sl3d: 100 times, power 2.
    """

    def __init__(self, times: int = 20, power: float = 2.0) -> None:
        if times < 2:
            raise ValueError(f'times must be at least 2, got {times}')
        self.times = times
        self.power = power

    def iterations(self, max_iters: int) -> set[int]:
        """The iterations before which labels are assigned, in a training of so many."""
        shares = ((number / (self.times - 1)) ** self.power for number in range(self.times))
        return {int(share * max_iters) for share in shares}

    def before_train(self, runner: Runner) -> None:
        """Look at the model before any time is spent."""
        model = unwrapped(runner.model)
        if not isinstance(model, LabelsItself):
            raise ValueError(
                'SelfLabelHook needs a model with predict_cells and assign_labels, '
                f'got {type(model).__name__}'
            )

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        """Label, if it is time."""
        if runner.iter not in self.iterations(runner.max_iters):
            return
        num_cells = self.label(unwrapped(runner.model), self._batches(runner))
        print_log(f'labelled {num_cells} cells before iteration {runner.iter}', 'current')

    @staticmethod
    def label(model: LabelsItself, batches: Iterable[dict]) -> int:
        """Let a model label the cells of batches, as loaders give them; returns how many all have."""
        with evaluating(model):
            found = [model.predict_cells(**model.data_preprocessor(batch, False)) for batch in batches]
        cells, logits = (torch.cat(part) for part in zip(*found))
        rank, world_size = get_dist_info()
        time = torch.cat([cells.new_full((len(own),), n) for n, (own, _) in enumerate(found)])
        last, num_cells = last_shown(cells, time * world_size + rank)
        rows = last.nonzero().flatten()
        rows = rows[cells[rows].argsort()]
        model.assign_labels(cells[rows], logits[rows])
        return num_cells

    @staticmethod
    def _batches(runner: Runner) -> Iterator[dict]:
        """This process's share of the training data, in batches as large as those of the training."""
        loader = runner.train_dataloader
        rank, world_size = get_dist_info()
        rows = range(rank % len(loader.dataset), len(loader.dataset), world_size)  # one at least
        size = loader.batch_sampler.batch_size
        for start in range(0, len(rows), size):
            samples = []
            for row in rows[start : start + size]:
                with seeded_generators(LABEL_PASS, runner.seed, runner.iter, row):
                    samples.append(loader.dataset[row])
            yield loader.collate_fn(samples)


def last_shown(cells: Tensor, time: Tensor) -> tuple[Tensor, int]:
    """Where a cell occurs for the last time, in this process or another.

    Args:
        cells: ``(N,)`` int64 keys, some of them possibly equal.
        time: ``(N,)`` int64, not negative, no two alike for one key.

    Returns:
        ``(N,)`` bool, and the number of distinct keys of all processes.
    """
    everywhere = all_gather_object((cells.cpu(), time.cpu()))
    distinct, index = torch.cat([keys for keys, _ in everywhere]).unique(return_inverse=True)
    times = torch.cat([times for _, times in everywhere])
    latest = times.new_zeros(len(distinct)).scatter_reduce(0, index, times, 'amax')
    own = latest[torch.searchsorted(distinct, cells.cpu())].to(time.device)
    return time == own, len(distinct)
