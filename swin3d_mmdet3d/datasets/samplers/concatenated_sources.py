"""The sources of a concatenated data set, each as an endless stream of batches."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch.utils.data import Sampler

READ = ('dataset', 'seed', 'epoch', 'rank', 'world_size')


class ConcatenatedSources:
    """The data sets of a ``ConcatDataset``, dealt out to all ranks.

    The order of a source depends on seed, epoch and the number of the source alone.

    Args:
        sampler: A sampler over the ``ConcatDataset``; its data set, ``seed``, ``epoch``, ``rank`` and
            ``world_size`` are read, its order is not.

    Attributes:
        lengths: Samples of each source.

    Raises:
        TypeError: If ``sampler`` lacks what is read.
        ValueError: If the data set is no concatenation.
    """

    def __init__(self, sampler: Sampler) -> None:
        for name in READ:
            if not hasattr(sampler, name):
                raise TypeError(
                    f'sampler must have {name}, as DefaultSampler has, got {type(sampler).__name__}'
                )
        sources = getattr(sampler.dataset, 'datasets', None)
        if sources is None:
            raise ValueError(f'dataset must be a ConcatDataset, got {type(sampler.dataset).__name__}')
        self.sampler = sampler
        self.lengths = [len(source) for source in sources]

    def check_length(self, source: int, batch_size: int) -> None:
        """Raise ValueError where a source is too short for a batch of ``batch_size`` on each rank."""
        if self.lengths[source] < batch_size * self.sampler.world_size:
            raise ValueError(
                f'source {source} must have at least a batch of {batch_size} samples for each of '
                f'{self.sampler.world_size} ranks, got {self.lengths[source]}'
            )

    def num_batches(self, source: int, batch_size: int) -> int:
        """Full batches of all ranks that one round through a source gives."""
        return self.lengths[source] // (batch_size * self.sampler.world_size)

    def stream(self, source: int, batch_size: int) -> Iterator[list[int]]:
        """Batches of one source for this rank, without end.

        Each round is a new permutation, cut to full batches of all ranks.
        """
        offset = sum(self.lengths[:source])
        step = batch_size * self.sampler.world_size
        generator = torch.Generator()
        key = (self.sampler.seed * 1009 + self.sampler.epoch) * 1009 + source
        generator.manual_seed(key % 2**63)
        while True:
            order = torch.randperm(self.lengths[source], generator=generator).tolist()
            for start in range(0, len(order) - step + 1, step):
                mine = order[start : start + step][self.sampler.rank :: self.sampler.world_size]
                yield [offset + row for row in mine]
