"""The CUDA neighbour search and resampling, emulated on the CPU, against scipy and the reference."""

from __future__ import annotations

import shutil
import sys

import numpy as np
import pytest
import swin3d_ops
import torch
from launch_count import counted
from scipy.spatial import cKDTree
from swin3d_ops.knn import cuda_impl as knn
from swin3d_ops.knn import reference as knn_reference
from swin3d_ops.knn.values import check_values
from swin3d_ops.resample import cuda_impl as resample
from swin3d_ops.resample import reference as resample_reference
from torch._subclasses.fake_tensor import FakeTensorMode

pytestmark = pytest.mark.skipif(
    shutil.which('c++') is None and shutil.which('g++') is None,
    reason='the emulation needs a C++ compiler',
)


def ptr(*bounds):
    return torch.tensor(bounds)


def surface(count, seed, dtype=torch.float64):
    points = torch.rand(count, 3, generator=torch.Generator().manual_seed(seed), dtype=dtype)
    points[:, 2] = torch.sin(points[:, 0] * 5) * 0.2
    return points


@pytest.mark.parametrize('k', [3, 16])
def test_neighbours_equal_those_of_a_tree(emulated_gpu, k):
    query, source = surface(700, 0), surface(2000, 1)
    index, distance = knn.search(query, source, k, ptr(0, 700), ptr(0, 2000))
    expected_distance, expected = cKDTree(source.numpy()).query(query.numpy(), k)
    np.testing.assert_array_equal(index.numpy(), expected)
    np.testing.assert_allclose(distance.numpy(), expected_distance, rtol=1e-12)


@pytest.mark.parametrize('k', [3, 40])
@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_ties_items_outliers_and_missing_sources_equal_the_reference(emulated_gpu, k, dtype):
    query, source = surface(300, 2, dtype), (surface(800, 3, dtype) * 20).round() / 20
    query[5], query[6], source[3] = 1e6, -1e7, 1e5
    bounds = ptr(0, 120, 120, 290, 300), ptr(0, 400, 410, 798, 800)
    got = knn.search(query, source, k, *bounds)
    index, distance = knn_reference.knn(query, source, k, *bounds)
    assert torch.equal(got[0], index)
    torch.testing.assert_close(got[1], distance, rtol=1e-6, atol=0)


def test_equal_sources_are_taken_in_row_order(emulated_gpu):
    index, distance = knn.search(torch.zeros(1, 3), torch.ones(9, 3), 3, ptr(0, 1), ptr(0, 9))
    assert index.tolist() == [[0, 1, 2]]
    torch.testing.assert_close(distance, torch.full((1, 3), 3.0).sqrt())


def test_no_queries_find_nothing(emulated_gpu):
    index, distance = knn.search(torch.zeros(0, 3), torch.ones(9, 3), 3, ptr(0, 0), ptr(0, 9))
    assert index.shape == distance.shape == (0, 3)


def test_a_tree_of_five_levels(emulated_gpu):
    query, source = surface(200, 16), surface(40000, 17)
    index, _ = knn.search(query, source, 5, ptr(0, 200), ptr(0, 40000))
    np.testing.assert_array_equal(index.numpy(), cKDTree(source.numpy()).query(query.numpy(), 5)[1])


def test_as_many_sources_as_fit_the_highest_tree_and_no_more():
    most = knn.MAX_SOURCES - 1
    assert knn.reason_against(None, range(most), 3, None, None) is None
    assert len(knn.tree_levels(most)) <= knn.MOST_LEVELS + 1
    assert len(knn.tree_levels(most + 2)) > knn.MOST_LEVELS + 1
    assert 'sources are' in knn.reason_against(None, range(most + 1), 3, None, None)


def assert_as_reference(query, source, k, query_ptr, source_ptr):
    index, distance = knn.search(query, source, k, query_ptr, source_ptr)
    expected = knn_reference.knn(query, source, k, query_ptr, source_ptr)
    assert torch.equal(index, expected[0])
    torch.testing.assert_close(distance, expected[1], rtol=1e-6, atol=0)


@pytest.mark.parametrize('count', [1, 7, 8, 9, 64, 65, 511, 513, 4097])
def test_trees_of_every_height_find_the_nearest(emulated_gpu, count):
    source, query = surface(count, 4, torch.float32), surface(40, 5, torch.float32)
    assert_as_reference(query, source, 3, ptr(0, 40), ptr(0, count))


def test_bounds_and_positions_that_are_views_with_steps(emulated_gpu):
    query, source = surface(30, 18), surface(80, 19)
    bounds = ptr(0, 9, 12, 9, 30), ptr(0, 9, 50, 9, 80)
    views = torch.stack([query, query * 9], 1)[:, 0], torch.stack([source, source * 9], 2)[..., 0]
    index, distance = knn.search(*views, 4, *(part[::2] for part in bounds))
    expected = knn_reference.knn(query, source, 4, ptr(0, 12, 30), ptr(0, 50, 80))
    assert torch.equal(index, expected[0])
    torch.testing.assert_close(distance, expected[1], rtol=1e-6, atol=0)


def test_items_that_share_boxes_stay_apart(emulated_gpu):
    """Items of one to a few sources, in the same place, some without queries or anything at all."""
    sizes = torch.randint(0, 6, (60,), generator=torch.Generator().manual_seed(0))
    queries = torch.where(sizes > 0, sizes.flip(0), 0)
    bounds = [torch.nn.functional.pad(part.cumsum(0), (1, 0)) for part in (queries, sizes)]
    query, source = surface(int(queries.sum()), 6), surface(int(sizes.sum()), 7)
    assert_as_reference(query, source, 4, *bounds)


@pytest.mark.parametrize('backwards', [False, True])
def test_ties_of_repeated_sources_and_of_a_lattice(emulated_gpu, backwards):
    emulated_gpu.backwards = backwards
    axis = torch.arange(-4.0, 5.0)
    lattice = torch.cartesian_prod(axis, axis, axis)
    source = torch.cat([lattice, lattice[:100], torch.full((300, 3), 0.5)])
    source = source[torch.randperm(len(source), generator=torch.Generator().manual_seed(0))]
    assert_as_reference(lattice, source, 16, ptr(0, len(lattice)), ptr(0, len(source)))


@pytest.mark.parametrize(
    'scale, dtype', [(1e18, torch.float32), (1e-16, torch.float32), (1e152, torch.float64)]
)
def test_far_clouds_and_huge_and_tiny_scales(emulated_gpu, scale, dtype):
    """A few sources lie far outside the cube of the curve, in both directions, and so do queries."""
    query, source = surface(90, 8, dtype) - 0.5, surface(600, 9, dtype) - 0.5
    source[:5] *= -1000
    query[:5], query[5:10] = query[:5] * 900, query[5:10] - 2000
    assert_as_reference(query * scale / 1e3, source * scale / 1e3, 5, ptr(0, 90), ptr(0, 600))


def test_clouds_without_extent_or_almost_none(emulated_gpu):
    source = torch.tensor([[0.0, 0, 0], [5e-324, 0, 0], [0, 0, 0]], dtype=torch.float64)
    assert_as_reference(source, source, 2, ptr(0, 3), ptr(0, 3))
    assert_as_reference(source + 7, source - 7, 2, ptr(0, 3), ptr(0, 3))


@pytest.mark.parametrize('k', [2, 20])
def test_positions_that_are_not_finite_give_rows_that_exist(emulated_gpu, k):
    """Nobody looks at positions that are known to be right: wrong ones must not lead outside of memory."""
    query, source = surface(9, 10), surface(30, 11)
    query[3], query[4], source[20:] = torch.nan, torch.inf, torch.nan
    index, _ = knn.search(query, source, k, ptr(0, 5, 9), ptr(0, 20, 30))
    assert index[:5].min() >= 0 and index[:5].max() < 20 and index[5:].min() >= 20 and index[5:].max() < 30


def test_a_search_launches_six_times_and_waits_never(emulated_gpu):
    """Six of the kernels and of torch for one scene or several; a seventh beyond 2^21 sources."""
    query, source = surface(200, 12), surface(5000, 13)
    for bounds in ((ptr(0, 200), ptr(0, 5000)), (ptr(0, 50, 90, 200), ptr(0, 1000, 3000, 5000))):
        count = counted(lambda: knn.search(query, source, 16, *bounds))  # noqa: B023
        assert count.launches == ['knn_frame', 'knn_keys', 'sort', 'knn_boxes', 'knn_boxes', 'knn_search']
        assert count.waits == []


def test_a_look_at_all_values_waits_once():
    query, source, bounds = surface(20, 14), surface(50, 15), (ptr(0, 20), ptr(0, 50))
    count = counted(lambda: check_values(query, source, *bounds))
    assert len(count.launches) <= 10 and count.waits == ['tolist']


@pytest.mark.parametrize('known', [False, True])
def test_positions_on_a_gpu_are_looked_at_unless_they_are_known(monkeypatch, known):
    looks, front_door = [], sys.modules['swin3d_ops.knn']
    monkeypatch.setattr(front_door, 'check_values', lambda *arguments: looks.append(arguments))
    monkeypatch.setattr(front_door.OP, 'choose', lambda *arguments: 'cpu')
    with FakeTensorMode():
        points = torch.empty(5, 3, device='cuda')
        bounds = torch.empty(2, dtype=torch.int64, device='cuda')
        swin3d_ops.knn(points, points, 3, bounds, bounds, known=known)
    assert len(looks) == (not known)


@pytest.fixture
def gathered():
    """Features with ties, an index that reads rows often, once and never, weights and a gradient."""

    def build(dtype, channels=37):
        generator = torch.Generator().manual_seed(0)
        feats = torch.randn(50, channels, generator=generator).mul(4).round().div(4)
        index = torch.randint(0, 40, (90, 5), generator=generator)
        weight = torch.rand(90, 5, generator=generator)
        grad_out = torch.randn(90, channels, generator=generator)
        return tuple(t.to(dtype) if t.is_floating_point() else t for t in (feats, index, weight, grad_out))

    return build


def sum_gradients(grad_out, feats, index, weight):
    """Return the gradients of a weighted sum by the CUDA kernels: those of feats and weight."""
    grad_feats = resample.sum_feats_grad(grad_out, index, weight, len(feats), feats.dtype)
    return grad_feats, resample.sum_weight_grad(grad_out, feats, index)


DTYPES = [(torch.float64, 1e-14), (torch.float32, 1e-6), (torch.float16, 2e-3), (torch.bfloat16, 2e-2)]


@pytest.mark.parametrize('dtype, tolerance', DTYPES)
def test_maximum_and_its_gradient_equal_the_reference(emulated_gpu, gathered, dtype, tolerance):
    feats, index, _, grad_out = gathered(dtype)
    out, choice = resample.max_forward(feats, index)
    grad = resample.max_backward(grad_out, index, choice, len(feats))
    leaf = feats.double().requires_grad_()
    expected = resample_reference.gather_max(leaf, index)
    assert torch.equal(out.double(), expected)
    (truth,) = torch.autograd.grad(expected, leaf, grad_out.double())
    torch.testing.assert_close(grad.double(), truth, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize('dtype, tolerance', DTYPES)
def test_weighted_sum_and_its_gradients_equal_the_reference(emulated_gpu, gathered, dtype, tolerance):
    feats, index, weight, grad_out = gathered(dtype)
    leaves = [feats.double().requires_grad_(), weight.double().requires_grad_()]
    expected = resample_reference.interpolate(leaves[0], index, leaves[1])
    truths = [expected, *torch.autograd.grad(expected, leaves, grad_out.double())]
    got = [resample.sum_forward(feats, index, weight), *sum_gradients(grad_out, feats, index, weight)]
    for value, truth in zip(got, truths):
        torch.testing.assert_close(value.double(), truth, rtol=tolerance, atol=tolerance * 10)


@pytest.mark.parametrize('dtype, tolerance', [(torch.float16, 2**-11), (torch.bfloat16, 2**-8)])
def test_16_bit_rows_are_summed_with_float32_weights(emulated_gpu, gathered, dtype, tolerance):
    feats, _, _, _ = gathered(dtype)
    _, index, weight, grad_out = gathered(torch.float32)
    leaves = [feats.double().requires_grad_(), weight.double().requires_grad_()]
    expected = resample_reference.interpolate(leaves[0], index, leaves[1])
    truths = [expected, *torch.autograd.grad(expected, leaves, grad_out.double())]
    got = [resample.sum_forward(feats, index, weight), *sum_gradients(grad_out, feats, index, weight)]
    assert [value.dtype for value in got] == [torch.float32, dtype, torch.float32]
    for value, truth in zip(got, truths):
        bound = tolerance if value.dtype == dtype else 1e-6
        assert (value.double() - truth).abs().max() <= bound * truth.abs().max()


@pytest.mark.parametrize('kernel', ['maximum', 'weighted sum'])
def test_gradients_beyond_the_range_of_float16_are_infinite(emulated_gpu, gathered, kernel):
    feats, index, weight, grad_out = gathered(torch.float32)
    if kernel == 'maximum':
        half, large = feats.half(), (grad_out * 1.5e4).half()
        _, choice = resample.max_forward(half, index)
        grad = resample.max_backward(large, index, choice, len(feats))
        wide = resample.max_backward(large.float(), index, choice, len(feats))
    else:
        large = grad_out * 1.5e4
        grad = resample.sum_feats_grad(large, index, weight, len(feats), torch.float16)
        wide = resample.sum_feats_grad(large, index, weight, len(feats), torch.float32)
    assert grad.isinf().any() and not grad.isinf().all() and torch.equal(grad, wide.half())


def test_not_a_number_wins_the_maximum(emulated_gpu):
    feats = torch.tensor([[1.0], [float('nan')], [3.0]])
    out, choice = resample.max_forward(feats, torch.tensor([[0, 1, 2], [2, 0, 0]]))
    assert out[0].isnan() and out[1] == 3 and choice.tolist() == [[1], [0]]


def test_resampling_of_nothing(emulated_gpu):
    index = torch.zeros(0, 3, dtype=torch.int64)
    out, choice = resample.max_forward(torch.ones(4, 2), index)
    assert out.shape == choice.shape == (0, 2)
    assert torch.equal(resample.max_backward(out, index, choice, 4), torch.zeros(4, 2))


def test_gradients_of_resampling_do_not_depend_on_the_order_of_threads(emulated_gpu, gathered):
    feats, index, weight, grad_out = gathered(torch.float32)
    forwards = sum_gradients(grad_out, feats, index, weight)
    emulated_gpu.backwards = True
    for first, second in zip(forwards, sum_gradients(grad_out, feats, index, weight)):
        assert torch.equal(first, second)
