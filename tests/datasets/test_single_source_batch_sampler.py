"""Batches of one source each, against the order written down by hand."""

import pytest
from mmengine.dataset import ConcatDataset, DefaultSampler
from numbered_samples import Source

from swin3d_mmdet3d.datasets import SingleSourceBatchSampler


def make(lengths, ratios, batch_size=2, seed=0, rank=0, world_size=1, epoch=0):
    dataset = ConcatDataset([Source(length) for length in lengths])
    sampler = DefaultSampler(dataset, shuffle=True, seed=seed)
    sampler.rank, sampler.world_size = rank, world_size
    sampler.set_epoch(epoch)
    return SingleSourceBatchSampler(sampler, batch_size, ratios)


def source_of(batch, lengths):
    bounds = [sum(lengths[: i + 1]) for i in range(len(lengths))]
    sources = {next(i for i, bound in enumerate(bounds) if row < bound) for row in batch}
    assert len(sources) == 1
    return sources.pop()


@pytest.mark.parametrize(
    ('lengths', 'ratios', 'expected'),
    [
        ((11, 4, 4), (2, 1, 1), [0, 0, 1, 2, 0, 0, 1, 2, 0]),
        ((8, 40), (1, 3), [0, 1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1]),
        ((7, 5, 3), (4, 2, 1), [0, 0, 0]),
    ],
)
def test_sources_take_turns_and_the_first_ends_the_epoch(lengths, ratios, expected):
    sampler = make(lengths, ratios)
    batches = list(sampler)
    assert [source_of(batch, lengths) for batch in batches] == expected
    assert len(batches) == len(sampler)


@pytest.mark.parametrize('lengths', [(12, 5, 9), (30, 4, 4), (5, 5, 5)])
@pytest.mark.parametrize('ratios', [(4, 2, 1), (1, 1, 1), (2, 3, 1)])
@pytest.mark.parametrize('batch_size', [1, 2, 3])
def test_length_is_the_number_of_batches(lengths, ratios, batch_size):
    sampler = make(lengths, ratios, batch_size)
    assert len(sampler) == len(list(sampler))


def test_first_source_gives_each_sample_once_and_minor_ones_start_over():
    rows = [row for batch in make((10, 4), (1, 2)) for row in batch]
    assert sorted(row for row in rows if row < 10) == list(range(10))
    minor = [row - 10 for row in rows if row >= 10]
    assert len(minor) == 20 and all(sorted(minor[i : i + 4]) == [0, 1, 2, 3] for i in range(0, 20, 4))


def test_order_depends_on_seed_and_epoch_alone():
    assert list(make((20, 20), (1, 1), epoch=3)) == list(make((20, 20), (1, 1), epoch=3))
    assert list(make((20, 20), (1, 1), epoch=3)) != list(make((20, 20), (1, 1), epoch=4))
    assert list(make((20, 20), (1, 1), seed=1)) != list(make((20, 20), (1, 1), seed=2))


def test_ranks_share_the_source_of_a_step_and_no_sample():
    lengths = (16, 8)
    ranks = [list(make(lengths, (1, 1), rank=rank, world_size=2)) for rank in range(2)]
    for first, second in zip(*ranks):
        assert source_of(first, lengths) == source_of(second, lengths)
        assert not set(first) & set(second)


def test_batches_of_all_ranks_make_a_step_of_distinct_samples_of_one_source():
    lengths = (60, 48, 30)  # 3 samples on each of 8 ranks: the 24 of PPT's recipe
    ranks = [list(make(lengths, (4, 2, 1), batch_size=3, rank=rank, world_size=8)) for rank in range(8)]
    assert [len(batches) for batches in ranks] == [2] * 8  # 60 // 24, before the second source's turn
    for step in zip(*ranks):
        assert len({row for batch in step for row in batch}) == 24
        assert {source_of(batch, lengths) for batch in step} == {0}


@pytest.mark.parametrize(
    ('lengths', 'ratios', 'message'),
    [
        ((8, 8), (1, 0), r'2 positive integers, got \(1, 0\)'),
        ((8, 8), (1,), r'2 positive integers, got \(1,\)'),
        ((8, 1), (1, 1), 'source 1 must have at least a batch of 2 samples'),
    ],
)
def test_wrong_ratios_and_short_sources_are_refused(lengths, ratios, message):
    with pytest.raises(ValueError, match=message):
        make(lengths, ratios)


def test_a_single_data_set_is_refused():
    with pytest.raises(ValueError, match='must be a ConcatDataset, got Source'):
        SingleSourceBatchSampler(DefaultSampler(Source(8), shuffle=True, seed=0), 2, (1,))
