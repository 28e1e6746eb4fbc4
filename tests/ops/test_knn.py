"""Nearest neighbours of every back-end against the definition and stored results."""

from __future__ import annotations

import pytest
import torch
from swin3d_ops import knn


def ptr(*bounds):
    return torch.tensor(bounds)


def scattered(n, spread=1.0, seed=0, dtype=torch.float32):
    generator = torch.Generator().manual_seed(seed)
    return (torch.randn(n, 3, generator=generator) * spread).to(dtype)


def check(query, source, k, query_ptr, source_ptr, backend):
    index, distance = knn(query, source, k, query_ptr, source_ptr, backend=backend)
    truth, length = knn(query, source, k, query_ptr, source_ptr, backend='reference')
    assert torch.equal(index, truth)  # the order of near ties is that of the positions' own precision
    torch.testing.assert_close(distance, length)
    exact = (query.double()[:, None] - source.double()[index]).norm(dim=2)
    torch.testing.assert_close(distance.double(), exact, rtol=1e-6, atol=1e-30)


@pytest.mark.parametrize('case', range(2))
def test_stored_neighbours(golden, knn_backend, case):
    data = golden('knn')
    query, source = (torch.from_numpy(data[f'{name}_{case}']) for name in ('query', 'source'))
    ends = [torch.from_numpy(data[f'{name}_offset_{case}']) for name in ('query', 'source')]
    bounds = [torch.nn.functional.pad(end, (1, 0)) for end in ends]
    index, distance = knn(query, source, int(data[f'case_{case}'][0]), *bounds, backend=knn_backend)
    assert index.tolist() == data[f'index_{case}'].tolist()
    torch.testing.assert_close(distance, torch.from_numpy(data[f'distance_{case}']), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize('k', [1, 3, 16, 64])
@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_random_clouds_equal_the_definition(knn_backend, k, dtype):
    query, source = scattered(900, dtype=dtype), scattered(1300, 2.0, 1, dtype)
    check(query, source, k, ptr(0, 400, 400, 900), ptr(0, 500, 600, 1300), knn_backend)


@pytest.mark.parametrize('k', [3, 16])
def test_ties_on_a_lattice_go_to_the_lowest_row(knn_backend, k):
    axis = torch.arange(9.0)
    source = torch.cartesian_prod(axis, axis, axis)
    source = source[torch.randperm(len(source), generator=torch.Generator().manual_seed(0))]
    check(source, source, k, ptr(0, len(source)), ptr(0, len(source)), knn_backend)


def test_an_item_of_denormal_extent_ends_the_search(knn_backend):
    """Squares vanish: all sources of the item are as near, and the lowest rows win."""
    source = torch.tensor([[0.0, 0, 0], [5e-324, 0, 0], [0, 0, 0], [3, 1, 2]], dtype=torch.float64)
    check(source, source, 2, ptr(0, 2, 4), ptr(0, 2, 4), knn_backend)


def test_repeated_sources_go_to_the_lowest_row(knn_backend):
    source = scattered(1)[[0] * 40]
    index, distance = knn(source[:2], source, 5, ptr(0, 2), ptr(0, 40), backend=knn_backend)
    assert index.tolist() == [[0, 1, 2, 3, 4]] * 2 and distance.eq(0).all()


def test_too_few_sources_repeat_the_last_neighbour(knn_backend):
    source = torch.tensor([[0.0, 0, 0], [9, 9, 9], [1, 0, 0], [3, 0, 0]])
    index, distance = knn(source[:1], source, 4, ptr(0, 0, 1), ptr(0, 2, 4), backend=knn_backend)
    assert index.tolist() == [[2, 3, 3, 3]] and distance.tolist() == [[1, 3, 3, 3]]


def test_queries_far_from_all_sources(knn_backend):
    query = torch.cat([scattered(5) + 1e4, scattered(5) - 300, scattered(5)])
    check(query, scattered(700, seed=2), 16, ptr(0, 15), ptr(0, 700), knn_backend)


def test_one_outlier_does_not_spoil_the_search(knn_backend):
    source = torch.cat([scattered(500), torch.tensor([[1e7, -1e7, 1e7]])])
    check(source, source, 8, ptr(0, 501), ptr(0, 501), knn_backend)


def test_flat_and_straight_clouds(knn_backend):
    for axes in ([0], [0, 1], [0, 1, 2]):
        source = scattered(300)
        source[:, axes] = 0
        check(source, source, 5, ptr(0, 300), ptr(0, 300), knn_backend)


@pytest.mark.parametrize('dtype, scale', [
    (torch.float32, 1e18), (torch.float32, 1e-16), (torch.float64, 6e152), (torch.float64, 1e-151)
])  # fmt: skip
def test_scales_within_the_limits_change_nothing(knn_backend, dtype, scale):
    source = scattered(300).clamp(-5, 5).double().mul(1024).round().div(1024)
    expected = knn(source, source, 4, ptr(0, 300), ptr(0, 300), backend='reference')
    power = 2.0 ** torch.tensor(scale, dtype=torch.float64).log2().floor()  # exact
    scaled = (source * power).to(dtype)
    index, distance = knn(scaled, scaled, 4, ptr(0, 300), ptr(0, 300), backend=knn_backend)
    assert torch.equal(index, expected[0])
    torch.testing.assert_close(distance.double() / power, expected[1], rtol=1e-6, atol=1e-30)


def test_no_queries_give_no_neighbours(knn_backend):
    index, distance = knn(scattered(0), scattered(3), 4, ptr(0, 0), ptr(0, 3), backend=knn_backend)
    assert index.shape == distance.shape == (0, 4) and index.dtype == torch.int64


@pytest.mark.parametrize(
    'change, error, message',
    [
        (dict(k=0), ValueError, 'k must be at least 1'),
        (dict(k=2.0), TypeError, 'k must be an int'),
        (dict(query=torch.zeros(5, 2)), ValueError, 'query must have shape'),
        (dict(query=torch.zeros(5, 3).int()), TypeError, 'query must be float32 or float64'),
        (dict(query=torch.zeros(5, 3).double()), TypeError, 'source must have the dtype of query'),
        (dict(query=torch.full((5, 3), torch.nan)), ValueError, 'query must be finite'),
        (dict(source=torch.full((8, 3), 1e19)), ValueError, r'source must lie in \[-5e\+18, 5e\+18\], got'),
        (
            dict(source=scattered(8, 1e-18), query=scattered(5, 1e-18)),
            ValueError,
            'query and source must extend over at least 1e-16',
        ),
        (dict(query_ptr=ptr(0, 4)), ValueError, 'query_ptr must ascend from 0 to 5'),
        (
            dict(query_ptr=ptr(0, 5, 5, 5), source_ptr=ptr(0, 7, 5, 8)),
            ValueError,
            'source_ptr must ascend from 0 to 8',
        ),
        (dict(source_ptr=ptr(0, 3, 8)), ValueError, 'source_ptr must have the length of query_ptr'),
        (
            dict(query_ptr=ptr(0, 2, 5), source_ptr=ptr(0, 8, 8)),
            ValueError,
            'batch item 1 has 3 queries and no source',
        ),
        (dict(source_ptr=[0, 8]), TypeError, 'source_ptr must be a tensor, got list'),
    ],
)
def test_bad_arguments_are_named(change, error, message):
    arguments = dict(query=scattered(5), source=scattered(8), k=3, query_ptr=ptr(0, 5), source_ptr=ptr(0, 8))
    with pytest.raises(error, match=message):
        knn(**{**arguments, **change})


def test_bounds_that_lie_apart_are_read_where_they_are(knn_backend):
    query, source, bounds = scattered(30), scattered(200, seed=1), (ptr(0, 5, 30), ptr(0, 114, 200))
    apart = [torch.stack([ends, ends], 1)[:, 0] for ends in bounds]
    found = knn(query, source, 1, *apart, backend=knn_backend)
    assert all(map(torch.equal, found, knn(query, source, 1, *bounds, backend=knn_backend)))


def test_values_on_the_cpu_are_looked_at_though_they_are_known():
    query = torch.full((5, 3), torch.nan)
    with pytest.raises(ValueError, match='query must be finite'):
        knn(query, scattered(8), 3, ptr(0, 5), ptr(0, 8), known=True)
