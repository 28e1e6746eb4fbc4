"""Batches that hold samples of several data sets in fixed numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mmdet3d.registry import DATA_SAMPLERS
from torch.utils.data import Sampler

from .concatenated_sources import ConcatenatedSources


@DATA_SAMPLERS.register_module()
class MixedSourceBatchSampler(Sampler):
    """Batches of ``counts[i]`` samples of source i of a ``ConcatDataset`` each, in the order of the sources.

    An epoch ends when the first source has given all its full batches; the others start over, shuffled anew,
    as often as they have to. The samples of a source come in the order in which
    :class:`SingleSourceBatchSampler` gives them: it depends on seed and epoch alone, so that training resumes
    with the batches it would have seen.

    Args:
        sampler: As of :class:`ConcatenatedSources`.
        batch_size: Samples of a batch on each rank, the sum of ``counts``.
        counts: Samples of a batch from each source, at least 1 of the first; 0 leaves a source out.

    Raises:
        ValueError: If the data set is no concatenation, ``counts`` do not fit its sources or the batch, or a
            source has fewer samples than the batches of all ranks take of it.
        TypeError: If ``sampler`` lacks what is read.

    Source: arXiv 2001.07685 (FixMatch), each step has B labelled and ``uratio`` times B unlabelled samples.
    """

    def __init__(self, sampler: Sampler, batch_size: int, counts: Sequence[int]) -> None:
        sources = ConcatenatedSources(sampler)
        expected = len(sources.lengths)
        if len(counts) != expected or counts[0] < 1 or any(count < 0 for count in counts):
            raise ValueError(
                f'counts must be {expected} integers of 0 or more, the first above 0, got {tuple(counts)}'
            )
        if sum(counts) != batch_size:
            raise ValueError(f'counts must sum up to the batch_size of {batch_size}, got {tuple(counts)}')
        self.sampler = sampler
        self.batch_size = batch_size
        self.counts = tuple(counts)
        self.sources = sources
        for source, count in enumerate(self.counts):
            sources.check_length(source, count)

    def __len__(self) -> int:
        """Batches an epoch: those of the first source."""
        return self.sources.num_batches(0, self.counts[0])

    def __iter__(self) -> Iterator[list[int]]:
        streams = [self.sources.stream(source, count) for source, count in enumerate(self.counts) if count]
        for _ in range(len(self)):
            yield [row for stream in streams for row in next(stream)]
