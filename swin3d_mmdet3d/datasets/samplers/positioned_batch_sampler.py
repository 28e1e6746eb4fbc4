"""Batches whose samples know their position in the stream of all ranks."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import NamedTuple

from mmengine.dataset import InfiniteSampler
from torch.utils.data import Sampler


class StreamPlace(NamedTuple):
    """Where a sample stands: what its random numbers depend on.

    Attributes:
        seed: Seed of the run, the same on all ranks.
        epoch: Round through the data set, from 0 on.
        position: Place in that round, counted over the samples of all ranks.
        index: Row in the data set.
    """

    seed: int
    epoch: int
    position: int
    index: int


class PositionedBatchSampler(Sampler):
    """The batches of another batch sampler, each row with its place in the stream.

    The n-th sample of a rank has position ``n * world_size + rank``, as ``DefaultSampler``,
    ``InfiniteSampler`` and ``SingleSourceBatchSampler`` deal them out, so that it does not depend on the
    batch size, and each position belongs to one rank.

    Args:
        batches: A batch sampler over a sampler with ``seed`` and ``set_epoch``, such as mmengine's.
        seed: Seed of the order and of all samples; it replaces that of the sampler.
        rank: Number of this process.
        world_size: Number of processes.
        endless: Whether to go on with the next epoch where one ends.
        skip: Batches to leave out at the start of the first iteration; their samples are not loaded.

    Raises:
        ValueError: When iterated, if an endless sampler has no batch.
    """

    def __init__(
        self,
        batches: Sampler,
        seed: int,
        rank: int = 0,
        world_size: int = 1,
        endless: bool = False,
        skip: int = 0,
    ) -> None:
        self.batches = batches
        self.seed = seed
        self.rank = rank
        self.world_size = world_size
        self.endless = endless
        self.skip = skip
        self.epoch = 0
        # what mmengine reads of batch samplers
        self.sampler = batches.sampler
        self.batch_size = batches.batch_size
        self.drop_last = getattr(batches, 'drop_last', False)

    def __len__(self) -> int:
        """Batches of an epoch."""
        return len(self.batches)

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch of the next iteration; without effect on an endless sampler."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[list[StreamPlace]]:
        """Batches of this rank."""
        if hasattr(self.sampler, 'seed'):
            self.sampler.seed = self.seed
        if isinstance(
            self.sampler, InfiniteSampler
        ):  # goes on where it was, with what was prefetched left out
            self.sampler.indices = self.sampler._indices_of_rank()
        skip, self.skip = self.skip, 0
        for epoch in count() if self.endless else (self.epoch,):
            if hasattr(self.sampler, 'set_epoch'):
                self.sampler.set_epoch(epoch)
            given = 0
            for batch in self.batches:
                if skip > 0:
                    skip -= 1
                else:
                    yield [self._place(epoch, given + slot, index) for slot, index in enumerate(batch)]
                given += len(batch)
            if self.endless and given == 0:
                raise ValueError('batches must hold at least one batch, got none')

    def _place(self, epoch: int, number: int, index: int) -> StreamPlace:
        return StreamPlace(self.seed, epoch, number * self.world_size + self.rank, int(index))
