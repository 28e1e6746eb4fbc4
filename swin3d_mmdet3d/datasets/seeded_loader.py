"""Loading whose random numbers depend on a sample's place in the stream, not on who loads it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torch.utils.data import DataLoader, Dataset

from .samplers.positioned_batch_sampler import PositionedBatchSampler, StreamPlace
from .seeded_generators import seeded_generators

KEPT = (
    'num_workers',
    'pin_memory',
    'timeout',
    'worker_init_fn',
    'multiprocessing_context',
    'generator',
    'prefetch_factor',
    'persistent_workers',
    'pin_memory_device',
)
"""Arguments that a loader shares with the one it is made from."""
SAMPLE, BATCH = 1, 2


class SeededSamples(Dataset):
    """Batches of a data set, each sample loaded with generators that are seeded by its place.

    Python's, numpy's and PyTorch's global generators, which transforms of OpenMMLab draw from, are seeded for
    each sample and then put back; so they are for the collation of the batch. All else is asked of the data
    set itself.

    Args:
        dataset: The data set.
        collate: Joins a list of samples to a batch.
    """

    def __init__(self, dataset: Dataset, collate: Callable[[list], Any]) -> None:
        self.dataset = dataset
        self.collate = collate

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> Any:
        """A sample of the data set by its row, with the generators as they are."""
        return self.dataset[index]

    def __getitems__(self, places: Sequence[StreamPlace]) -> Any:
        """The batch of some places."""
        samples = []
        for place in places:
            with seeded_generators(SAMPLE, *place):
                samples.append(self.dataset[place.index])
        with seeded_generators(BATCH, *places[0]):
            return self.collate(samples)

    def __getattr__(self, name: str) -> Any:
        if name == 'dataset':  # not yet there while a copy is made
            raise AttributeError(name)
        return getattr(self.dataset, name)


def seeded_loader(loader: DataLoader, batches: PositionedBatchSampler) -> DataLoader:
    """A loader of the same data set whose samples are seeded by their place.

    Args:
        loader: A loader that has made no batch yet.
        batches: What it shall load.

    Returns:
        The new loader; it starts no worker before it is iterated.
    """
    kept = {name: getattr(loader, name) for name in KEPT}
    dataset = SeededSamples(loader.dataset, loader.collate_fn)
    return DataLoader(dataset, batch_sampler=batches, collate_fn=as_is, **kept)


def as_is(batch: Any) -> Any:
    """The batch, which ``SeededSamples`` has collated."""
    return batch
