"""Batches that come from one data set each, in fixed ratios."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mmdet3d.registry import DATA_SAMPLERS
from torch.utils.data import Sampler

from .concatenated_sources import ConcatenatedSources


@DATA_SAMPLERS.register_module()
class SingleSourceBatchSampler(Sampler):
    """Batches of one source of a ``ConcatDataset``, ``ratios[i]`` batches of source i in a row, cyclically.

    An epoch ends when the first source has given all its full batches; the others start over, shuffled anew,
    as often as they have to. At every step all ranks draw from the same source. Order depends on seed and
    epoch alone, so that training resumes with the batches it would have seen.

    Args:
        sampler: As of :class:`ConcatenatedSources`.
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
        sources = ConcatenatedSources(sampler)
        expected = len(sources.lengths)
        if len(ratios) != expected or any(ratio < 1 for ratio in ratios):
            raise ValueError(f'ratios must be {expected} positive integers, got {tuple(ratios)}')
        if batch_size < 1:
            raise ValueError(f'batch_size must be at least 1, got {batch_size}')
        self.sampler = sampler
        self.batch_size = batch_size
        self.ratios = tuple(ratios)
        self.sources = sources
        for source in range(expected):
            sources.check_length(source, batch_size)

    def __len__(self) -> int:
        """Batches an epoch: those of the first source and, after each full cycle's share, the others'."""
        batches, share = self.sources.num_batches(0, self.batch_size), self.ratios[0]
        return batches // share * sum(self.ratios) + batches % share

    def __iter__(self) -> Iterator[list[int]]:
        streams = [self.sources.stream(source, self.batch_size) for source in range(len(self.ratios))]
        first = self.sources.num_batches(0, self.batch_size)
        while True:
            for source, ratio in enumerate(self.ratios):
                for _ in range(ratio):
                    if source == 0:
                        if first == 0:
                            return
                        first -= 1
                    yield next(streams[source])
