"""Loading whose random numbers depend on a sample's place in the stream, not on who loads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from torch.utils.data import DataLoader, Dataset

from .samplers.positioned_batch_sampler import PositionedBatchSampler, StreamPlace
from .seeded_generators import seeded_generators
from .worker_signals import ShieldedWorker, shielded_start

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


class PlacedSamples(list):
    """The samples of a batch, and the place of the first."""

    def __init__(self, samples: list, place: StreamPlace) -> None:
        super().__init__(samples)
        self.place = place


class SeededSamples(Dataset):
    """Samples of a data set, each loaded with generators that are seeded by its place.

    Python's, numpy's and PyTorch's global generators, which transforms of OpenMMLab draw from, are seeded for
    each sample and then put back. All else is asked of the data set itself.

    Args:
        dataset: The data set.
    """

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> Any:
        """A sample of the data set by its row, with the generators as they are."""
        return self.dataset[index]

    def __getitems__(self, places: Sequence[StreamPlace]) -> PlacedSamples:
        """The samples of some places."""
        samples = []
        for place in places:
            with seeded_generators(SAMPLE, *place):
                samples.append(self.dataset[place.index])
        return PlacedSamples(samples, places[0])

    def __getattr__(self, name: str) -> Any:
        if name == 'dataset':  # not yet there while a copy is made
            raise AttributeError(name)
        return getattr(self.dataset, name)


class SeededCollation:
    """Joins samples to a batch, with generators that are seeded by the place of the first.

    Args:
        collate: Joins a list of samples.
    """

    def __init__(self, collate: Callable[[list], Any]) -> None:
        self.collate = collate

    def __call__(self, samples: list) -> Any:
        """The batch; of samples without a place, such as a caller's own, with the generators as they are."""
        if not isinstance(samples, PlacedSamples):
            return self.collate(samples)
        with seeded_generators(BATCH, *samples.place):
            return self.collate(samples)


class ShieldedLoader(DataLoader):
    """A loader whose workers end with it, and not by a signal to stop that is meant for the training."""

    def __iter__(self) -> Iterator:
        """Start the workers, unless they live on from an epoch before."""
        with shielded_start():
            return super().__iter__()


def seeded_loader(loader: DataLoader, batches: PositionedBatchSampler) -> DataLoader:
    """A loader of the same data set whose samples are seeded by their place, and whose workers are shielded.

    Args:
        loader: A loader that has made no batch yet.
        batches: What it shall load.

    Returns:
        The new loader; it starts no worker before it is iterated.
    """
    kept = {name: getattr(loader, name) for name in KEPT}
    kept['worker_init_fn'] = ShieldedWorker(loader.worker_init_fn)
    collate = SeededCollation(loader.collate_fn)
    return ShieldedLoader(SeededSamples(loader.dataset), batch_sampler=batches, collate_fn=collate, **kept)
