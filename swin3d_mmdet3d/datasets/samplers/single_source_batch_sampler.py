"""Batches that come from one data set each, in fixed ratios."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from mmdet3d.registry import DATA_SAMPLERS
from torch.utils.data import Sampler


@DATA_SAMPLERS.register_module()
class SingleSourceBatchSampler(Sampler):
    """Batches of one source of a ``ConcatDataset``, ``ratios[i]`` batches of source i in a row, cyclically.

    An epoch ends when the first source has given all its full batches; the others start over, shuffled anew,
    as often as they have to. At every step all ranks draw from the same source. Order depends on seed and
    epoch alone, so that training resumes with the batches it would have seen.

    Args:
        sampler: A sampler over the ``ConcatDataset``; its data set, ``seed``, ``epoch``, ``rank`` and
            ``world_size`` are read, its order is not.
        batch_size: Samples of a batch on each rank.
        ratios: Batches per cycle from each source, positive.

    Raises:
        ValueError: If the data set is no concatenation, ``ratios`` do not fit its sources, or a source has
            fewer samples than the batch of all ranks.
        TypeError: If ``sampler`` lacks what is read.

    Source: MultiDatasetDataloader of github.com/Pointcept/Pointcept (arXiv 2308.09718, section 5), with the
        same number of batches an epoch.
    """

    def __init__(self, sampler: Sampler, batch_size: int, ratios: Sequence[int]) -> None:
        for name in ('dataset', 'seed', 'epoch', 'rank', 'world_size'):
            if not hasattr(sampler, name):
                raise TypeError(
                    f'sampler must have {name}, as DefaultSampler has, got {type(sampler).__name__}'
                )
        sources = getattr(sampler.dataset, 'datasets', None)
        if sources is None:
            raise ValueError(f'dataset must be a ConcatDataset, got {type(sampler.dataset).__name__}')
        if len(ratios) != len(sources) or any(ratio < 1 for ratio in ratios):
            raise ValueError(f'ratios must be {len(sources)} positive integers, got {tuple(ratios)}')
        if batch_size < 1:
            raise ValueError(f'batch_size must be at least 1, got {batch_size}')
        self.sampler = sampler
        self.batch_size = batch_size
        self.ratios = tuple(ratios)
        self.lengths = [len(source) for source in sources]
        for index, length in enumerate(self.lengths):
            if length < batch_size * sampler.world_size:
                raise ValueError(
                    f'source {index} must have at least a batch of {batch_size} samples for each of '
                    f'{sampler.world_size} ranks, got {length}'
                )

    def __len__(self) -> int:
        """Batches an epoch: those of the first source and, after each full cycle's share, the others'."""
        batches, share = self._num_batches(0), self.ratios[0]
        return batches // share * sum(self.ratios) + batches % share

    def __iter__(self) -> Iterator[list[int]]:
        streams = [self._stream(source) for source in range(len(self.lengths))]
        first = self._num_batches(0)
        while True:
            for source, ratio in enumerate(self.ratios):
                for _ in range(ratio):
                    if source == 0:
                        if first == 0:
                            return
                        first -= 1
                    yield next(streams[source])

    def _num_batches(self, source: int) -> int:
        return self.lengths[source] // (self.batch_size * self.sampler.world_size)

    def _stream(self, source: int) -> Iterator[list[int]]:
        """Batches of one source without end; each round is a new permutation, cut to full batches."""
        offset = sum(self.lengths[:source])
        step = self.batch_size * self.sampler.world_size
        generator = torch.Generator()
        key = (self.sampler.seed * 1009 + self.sampler.epoch) * 1009 + source
        generator.manual_seed(key % 2**63)
        while True:
            order = torch.randperm(self.lengths[source], generator=generator).tolist()
            for start in range(0, len(order) - step + 1, step):
                mine = order[start : start + step][self.sampler.rank :: self.sampler.world_size]
                yield [offset + row for row in mine]
