"""A sample's random numbers follow from seed, epoch and position: not from workers, batches or ranks."""

import multiprocessing
from unittest.mock import patch

import numpy as np
import pytest
from mmdet3d.registry import DATASETS
from mmengine.dataset import DefaultSampler, InfiniteSampler
from noisy_training import NoisyScans, draw, noisy_collate
from torch.utils.data import BatchSampler, DataLoader

from swin3d_mmdet3d.datasets import SingleSourceBatchSampler
from swin3d_mmdet3d.datasets.samplers import PositionedBatchSampler
from swin3d_mmdet3d.datasets.seeded_generators import seed_generators, seeded_generators
from swin3d_mmdet3d.datasets.seeded_loader import seeded_loader

pytestmark = pytest.mark.filterwarnings('ignore:This DataLoader will create')


def sampler_of(kind, dataset, rank=0, world_size=1):
    with patch('mmengine.dataset.sampler.get_dist_info', lambda: (rank, world_size)):
        return kind(dataset, shuffle=True, seed=99)


def loader_of(
    dataset=None, workers=0, batch_size=2, sampler=DefaultSampler, rank=0, world_size=1, **settings
):
    dataset = dataset or NoisyScans()
    batches = BatchSampler(sampler_of(sampler, dataset, rank, world_size), batch_size, drop_last=False)
    options = dict(num_workers=workers, persistent_workers=workers > 0, collate_fn=noisy_collate)
    stock = DataLoader(dataset, batch_sampler=batches, **options)
    return seeded_loader(stock, PositionedBatchSampler(batches, 5, rank, world_size, **settings))


def epochs(loader, count=2):
    result = []
    for epoch in range(count):
        loader.batch_sampler.set_epoch(epoch)
        result.append(list(loader))
    return result


def samples(loader, count=1):
    return [sample for epoch in epochs(loader, count) for batch, _ in epoch for sample in batch]


def test_any_number_of_workers_gives_the_same_samples_and_batches():
    expected = epochs(loader_of())
    assert expected[0] != expected[1]
    for workers in (1, 3):
        seed_generators(workers)  # what forked workers start from
        assert epochs(loader_of(workers=workers)) == expected


def test_what_persistent_workers_have_drawn_does_not_matter():
    loader = loader_of(workers=2)
    first = epochs(loader, 3)
    assert epochs(loader, 3) == first


@pytest.mark.parametrize('sampler', [DefaultSampler, InfiniteSampler])
def test_ranks_draw_each_position_once_and_as_one_process_does(sampler):
    def take(rank, world_size, number):
        loader = loader_of(NoisyScans(8), sampler=sampler, rank=rank, world_size=world_size, endless=True)
        batches = iter(loader)
        return [sample for _ in range(number // 2) for sample in next(batches)[0]]

    together = take(0, 1, 24)
    first, second = take(0, 2, 12), take(1, 2, 12)
    assert [sample for pair in zip(first, second) for sample in pair] == together
    assert len(set(together)) == 24


def test_ranks_of_single_source_batches_draw_each_position_once():
    dataset = DATASETS.build(
        dict(
            type='ConcatDataset',
            datasets=[dict(type='NoisyScans', length=8), dict(type='NoisyScans', first=100)],
        )
    )

    def take(rank, world_size, batch_size):
        sampler = sampler_of(DefaultSampler, dataset, rank, world_size)
        batches = SingleSourceBatchSampler(sampler, batch_size, [2, 1])
        stock = DataLoader(dataset, batch_sampler=batches, collate_fn=noisy_collate)
        loader = seeded_loader(stock, PositionedBatchSampler(batches, 5, rank, world_size))
        return [batch for batch, _ in loader]

    together = take(0, 1, 4)
    for whole, first, second in zip(together, take(0, 2, 2), take(1, 2, 2)):
        assert [sample for pair in zip(first, second) for sample in pair] == whole
        assert len({row < 100 for row, *_ in whole}) == 1


def test_the_batch_size_does_not_change_samples():
    assert (
        samples(loader_of(batch_size=3))
        == samples(loader_of(batch_size=2))
        == samples(loader_of(batch_size=7))
    )


@pytest.mark.parametrize(
    'settings',
    [
        dict(type='RepeatDataset', times=3, dataset=dict(type='NoisyScans')),
        dict(type='ClassBalancedDataset', oversample_thr=0.9, dataset=dict(type='NoisyScans')),
        dict(type='PresentClassBalancedDataset', dataset=dict(type='NoisyScans')),
        dict(type='ConcatDataset', datasets=[dict(type='NoisyScans'), dict(type='NoisyScans', first=100)]),
    ],
    ids=lambda settings: settings['type'],
)
def test_samples_in_wrapped_data_sets_are_seeded_and_repeated_rows_differ(settings):
    def build():
        return DATASETS.build(settings)

    taken = samples(loader_of(build()))
    assert samples(loader_of(build(), workers=2)) == taken
    assert len({tuple(drawn) for _, *drawn in taken}) == len(taken)


def test_epochs_positions_seeds_and_generators_have_independent_uniform_numbers():
    taken = np.array(samples(loader_of(NoisyScans(500)), 4))[:, 1:]
    assert len(np.unique(taken)) == taken.size
    # 2,000 uniform numbers: their mean and correlations, five deviations wide
    assert np.abs(taken.mean(0) - 0.5).max() < 5 * (1 / 12 / len(taken)) ** 0.5
    neighbours = np.concatenate([taken[:-1], taken[1:]], axis=1)
    correlation = np.corrcoef(neighbours.T) - np.eye(6)
    assert np.abs(correlation).max() < 5 / len(taken) ** 0.5


def test_loading_leaves_the_generators_of_the_main_process_alone():
    seed_generators(3)
    expected = draw()
    seed_generators(3)
    with pytest.raises(KeyError), seeded_generators(8):
        raise KeyError
    loader = loader_of()
    batches = iter(loader)  # draws the seed of workers, which the hook seeds away
    seed_generators(3)
    list(batches)
    assert draw() == expected


@pytest.mark.parametrize('workers', [0, 2])
@pytest.mark.parametrize('sampler', [DefaultSampler, InfiniteSampler])
def test_skipped_batches_are_not_loaded_and_the_rest_is_as_if_they_were(sampler, workers):
    endless = loader_of(sampler=sampler, workers=workers, endless=True)
    expected = [batch for batch, _ in zip(endless, range(20))]

    class Watched(NoisyScans):
        def prepare_data(self, idx):
            loaded.append(idx)
            return super().prepare_data(idx)

    loaded = []
    skipping = loader_of(Watched(), sampler=sampler, workers=workers, endless=True, skip=13)
    assert [batch for batch, _ in zip(skipping, range(7))] == expected[13:]
    if workers == 0:
        assert len(loaded) <= 8 * 2


def test_a_skip_is_for_one_iteration():
    loader = loader_of(skip=2)
    assert [len(epoch) for epoch in epochs(loader)] == [2, 4]


def test_a_second_iteration_of_an_infinite_sampler_begins_anew():
    loader = loader_of(sampler=InfiniteSampler)
    first = [batch for batch, _ in zip(loader, range(5))]
    assert [batch for batch, _ in zip(loader, range(5))] == first


def test_an_endless_sampler_of_nothing_is_refused():
    with pytest.raises(ValueError, match='batches must hold at least one batch, got none'):
        next(iter(PositionedBatchSampler(BatchSampler([], 2, False), 0, endless=True)))


def test_all_else_is_asked_of_the_data_set_itself_also_in_spawned_workers():
    loader = loader_of()
    assert loader.dataset.metainfo == NoisyScans().metainfo and len(loader.dataset) == 7
    assert not hasattr(loader.dataset, 'datasets')
    assert multiprocessing.reduction.ForkingPickler.dumps(loader.dataset)


def test_the_collation_serves_callers_own_samples_too():
    loader = loader_of()
    own = [loader.dataset[0], loader.dataset[1]]
    rows, _ = loader.collate_fn(own)
    assert rows == [tuple(sample) for sample in own]
