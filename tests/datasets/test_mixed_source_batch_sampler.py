"""Batches of several sources, against the streams of batches of one source."""

import pytest
import torch
from mmengine.dataset import ConcatDataset, DefaultSampler
from numbered_samples import Source

from swin3d_mmdet3d.datasets import MixedSourceBatchSampler, SingleSourceBatchSampler
from swin3d_mmdet3d.datasets.samplers import PositionedBatchSampler


def sampler_of(lengths, seed=0, rank=0, world_size=1, epoch=0):
    sampler = DefaultSampler(ConcatDataset([Source(length) for length in lengths]), shuffle=True, seed=seed)
    sampler.rank, sampler.world_size = rank, world_size
    sampler.set_epoch(epoch)
    return sampler


def make(lengths, counts, **where):
    return MixedSourceBatchSampler(sampler_of(lengths, **where), sum(counts), counts)


def rows_of(batches, source, lengths):
    """The rows of one source among those of batches, in their order."""
    low = sum(lengths[:source])
    return [row for batch in batches for row in batch if low <= row < low + lengths[source]]


@pytest.mark.parametrize(
    ('lengths', 'counts'), [((7, 20), (1, 2)), ((10, 4, 9), (2, 1, 3)), ((5, 5), (2, 0)), ((3, 50), (1, 7))]
)
def test_each_batch_has_its_number_of_samples_of_every_source(lengths, counts):
    batches = list(make(lengths, counts))
    assert len(batches) == len(make(lengths, counts)) == lengths[0] // counts[0]
    for batch in batches:
        assert [len(rows_of([batch], source, lengths)) for source in range(len(lengths))] == list(counts)
        assert batch == sorted(batch, key=lambda row: sum(row >= sum(lengths[: i + 1]) for i in range(3)))


def test_a_round_gives_each_sample_once_and_short_sources_start_over():
    lengths = (12, 4)
    batches = list(make(lengths, (2, 2)))
    assert sorted(rows_of(batches, 0, lengths)) == list(range(12))
    minor = rows_of(batches, 1, lengths)
    assert len(minor) == 12 and all(sorted(minor[i : i + 4]) == [12, 13, 14, 15] for i in range(0, 12, 4))
    assert len({tuple(minor[i : i + 4]) for i in range(0, 12, 4)}) > 1


@pytest.mark.parametrize('where', [{}, dict(seed=5, epoch=3), dict(rank=1, world_size=2)])
def test_samples_of_a_source_come_in_the_order_of_batches_of_one_source(where):
    lengths = (16, 24)
    mixed = list(make(lengths, (2, 2), **where))
    single = list(SingleSourceBatchSampler(sampler_of(lengths, **where), 2, (1, 1)))
    for source in range(2):
        own = rows_of(mixed, source, lengths)
        assert own == rows_of(single, source, lengths)[: len(own)]


def test_order_depends_on_seed_and_epoch_alone():
    first = list(make((20, 20), (1, 1), epoch=3))
    torch.randperm(5)
    assert list(make((20, 20), (1, 1), epoch=3)) == first
    assert list(make((20, 20), (1, 1), epoch=4)) != first
    assert list(make((20, 20), (1, 1), epoch=3, seed=1)) != first


def test_ranks_share_no_sample_of_a_step():
    ranks = [list(make((12, 30), (1, 2), rank=rank, world_size=3)) for rank in range(3)]
    for step in zip(*ranks):
        assert len({row for batch in step for row in batch}) == 9
    every = [row for batches in ranks for row in rows_of(batches, 0, (12, 30))]
    assert sorted(every) == list(range(12))


@pytest.mark.parametrize('skip', [1, 3, 5, 9])
def test_a_stream_that_goes_on_is_the_uninterrupted_one(skip):
    def stream(skip):
        return iter(PositionedBatchSampler(make((4, 9), (1, 2)), seed=7, endless=True, skip=skip))

    whole, rest = stream(0), stream(skip)
    for _ in range(skip):
        next(whole)
    for _ in range(12):
        assert next(whole) == next(rest)


@pytest.mark.parametrize(
    ('lengths', 'counts', 'batch_size', 'message'),
    [
        ((8, 8), (1,), 1, r'2 integers of 0 or more, the first above 0, got \(1,\)'),
        ((8, 8), (0, 2), 2, r'the first above 0, got \(0, 2\)'),
        ((8, 8), (2, -1), 1, r'of 0 or more, the first above 0, got \(2, -1\)'),
        ((8, 8), (1, 2), 2, r'sum up to the batch_size of 2, got \(1, 2\)'),
        ((8, 1), (1, 2), 3, 'source 1 must have at least a batch of 2 samples'),
    ],
)
def test_counts_that_do_not_fit_are_refused(lengths, counts, batch_size, message):
    with pytest.raises(ValueError, match=message):
        MixedSourceBatchSampler(sampler_of(lengths), batch_size, counts)


def test_a_single_data_set_and_a_sampler_without_ranks_are_refused():
    with pytest.raises(ValueError, match='must be a ConcatDataset, got Source'):
        MixedSourceBatchSampler(DefaultSampler(Source(8), shuffle=True, seed=0), 2, (2,))
    with pytest.raises(TypeError, match='sampler must have dataset, as DefaultSampler has'):
        MixedSourceBatchSampler([0, 1], 2, (1, 1))
