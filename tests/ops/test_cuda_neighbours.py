"""The CUDA neighbour search and resampling, emulated on the CPU, against scipy and the reference."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import torch
from scipy.spatial import cKDTree
from swin3d_ops.knn import cuda_impl as knn
from swin3d_ops.knn import reference as knn_reference
from swin3d_ops.resample import cuda_impl as resample
from swin3d_ops.resample import reference as resample_reference

pytestmark = pytest.mark.skipif(
    shutil.which('c++') is None and shutil.which('g++') is None,
    reason='the emulation needs a C++ compiler',
)


def surface(count, seed, dtype=torch.float64):
    points = torch.rand(count, 3, generator=torch.Generator().manual_seed(seed), dtype=dtype)
    points[:, 2] = torch.sin(points[:, 0] * 5) * 0.2
    return points


@pytest.mark.parametrize('k', [3, 16])
def test_neighbours_equal_those_of_a_tree(emulated_gpu, k):
    query, source = surface(700, 0), surface(2000, 1)
    index, distance = knn.search(query, source, k, [0, 700], [0, 2000])
    expected_distance, expected = cKDTree(source.numpy()).query(query.numpy(), k)
    np.testing.assert_array_equal(index.numpy(), expected)
    np.testing.assert_allclose(distance.numpy(), expected_distance, rtol=1e-12)


@pytest.mark.parametrize('k', [3, 40])
@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_ties_items_outliers_and_missing_sources_equal_the_reference(emulated_gpu, k, dtype):
    query, source = surface(300, 2, dtype), (surface(800, 3, dtype) * 20).round() / 20
    query[5], query[6], source[3] = 1e6, -1e7, 1e5
    query_bounds, source_bounds = [0, 120, 120, 290, 300], [0, 400, 410, 798, 800]
    got = knn.search(query, source, k, query_bounds, source_bounds)
    index, distance = knn_reference.knn(query, source, k, query_bounds, source_bounds)
    assert torch.equal(got[0], index)
    torch.testing.assert_close(got[1], distance, rtol=1e-6, atol=0)


def test_equal_sources_are_taken_in_row_order(emulated_gpu):
    index, distance = knn.search(torch.zeros(1, 3), torch.ones(9, 3), 3, [0, 1], [0, 9])
    assert index.tolist() == [[0, 1, 2]]
    torch.testing.assert_close(distance, torch.full((1, 3), 3.0).sqrt())


def test_no_queries_find_nothing(emulated_gpu):
    index, distance = knn.search(torch.zeros(0, 3), torch.ones(9, 3), 3, [0, 0], [0, 9])
    assert index.shape == distance.shape == (0, 3)


@pytest.mark.parametrize('count', [1, 7, 5000])
def test_grids_stay_within_their_memory(count):
    for source in (
        surface(count, 4),
        torch.zeros(count, 3),
        surface(count, 5) * torch.tensor([1e9, 1, 1e-9]),
    ):
        _, edge, cells = knn.fit_grid(source, 16)
        assert 1 <= int(cells.long().prod()) <= knn.most_cells(count)
        assert edge > 0


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
