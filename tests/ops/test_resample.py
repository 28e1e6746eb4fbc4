"""Resampling of every back-end against plain gathers, and interpolation against stored values."""

from __future__ import annotations

import pytest
import torch
from swin3d_ops.resample import gather_max, interpolate, inverse_distance_weights


def inputs(dtype, channels=7, k=4):
    generator = torch.Generator().manual_seed(0)
    feats = torch.randn(40, channels, generator=generator, dtype=torch.float64).to(dtype)
    index = torch.randint(0, 40, (90, k), generator=generator)
    weight = torch.randn(90, k, generator=generator, dtype=torch.float64).to(dtype)
    grad = torch.randn(90, channels, generator=generator, dtype=torch.float64).to(dtype)
    return feats.requires_grad_(), index, weight.requires_grad_(), grad


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
@pytest.mark.parametrize('channels, k', [(1, 1), (7, 4), (48, 16), (64, 3)])
def test_gather_max_equals_the_gather(gather_max_backend, dtype, channels, k):
    feats, index, _, grad = inputs(dtype, channels, k)
    out = gather_max(feats, index, backend=gather_max_backend)
    truth = gather_max(feats, index, backend='reference')
    assert torch.equal(out, truth)
    got, expected = (torch.autograd.grad(o, feats, grad)[0] for o in (out, truth))
    torch.testing.assert_close(got, expected)


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
@pytest.mark.parametrize('channels, k', [(1, 1), (7, 4), (48, 3)])
def test_interpolation_equals_the_weighted_gather(gather_max_backend, dtype, channels, k):
    feats, index, weight, grad = inputs(dtype, channels, k)
    out = interpolate(feats, index, weight, backend=gather_max_backend)
    truth = interpolate(feats, index, weight, backend='reference')
    torch.testing.assert_close(out, truth)
    got, expected = (torch.autograd.grad(o, (feats, weight), grad) for o in (out, truth))
    for a, b in zip(got, expected):
        torch.testing.assert_close(a, b)


def test_tied_maximum_gives_its_gradient_to_the_first_row(gather_max_backend):
    feats = torch.ones(3, 2, requires_grad=True)
    out = gather_max(feats, torch.tensor([[2, 0, 1]]), backend=gather_max_backend)
    assert torch.autograd.grad(out.sum(), feats)[0].tolist() == [[0, 0], [0, 0], [1, 1]]


def test_gradcheck(gather_max_backend):
    feats, index, weight, _ = inputs(torch.float64)
    feats, index, weight = feats.detach()[:, :2], index[:6], weight.detach()[:6]
    feats, weight = feats.clone().requires_grad_(), weight.clone().requires_grad_()
    backend = gather_max_backend
    assert torch.autograd.gradcheck(lambda f: gather_max(f, index, backend=backend), [feats])
    assert torch.autograd.gradcheck(lambda f, w: interpolate(f, index, w, backend=backend), [feats, weight])


def test_empty_index_gives_no_rows(gather_max_backend):
    feats, index, weight, _ = inputs(torch.float32)
    assert gather_max(feats, index[:0], backend=gather_max_backend).shape == (0, 7)
    assert interpolate(feats, index[:0], weight[:0], backend=gather_max_backend).shape == (0, 7)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_is_served(gather_max_backend, dtype):
    feats, index, weight, _ = inputs(dtype)
    assert torch.equal(gather_max(feats, index, backend=gather_max_backend), feats[index].max(1).values)
    out = interpolate(feats, index, weight, backend=gather_max_backend)
    truth = interpolate(feats.double(), index, weight.double(), backend='reference')
    torch.testing.assert_close(out.double(), truth, rtol=1e-2, atol=2e-2)


@pytest.mark.parametrize('case', range(2))
def test_stored_interpolation(golden, gather_max_backend, case):
    data = golden('knn')
    feats = torch.from_numpy(data[f'features_{case}'])
    weight = inverse_distance_weights(torch.from_numpy(data[f'distance_{case}']))
    index = torch.from_numpy(data[f'index_{case}']).long()
    out = interpolate(feats, index, weight, backend=gather_max_backend)
    expected = torch.from_numpy(data[f'interpolated_{case}'])
    torch.testing.assert_close(out, expected, rtol=1e-4, atol=1e-5)


def test_weights_are_normalised_and_zero_distance_dominates():
    weight = inverse_distance_weights(torch.tensor([[1.0, 3.0], [0.0, 1.0]]))
    torch.testing.assert_close(weight, torch.tensor([[0.75, 0.25], [1.0, 0.0]]))


@pytest.mark.parametrize(
    'call, error, message',
    [
        (lambda f, i, w: gather_max(f, i.int()), TypeError, 'index must be an int64 tensor'),
        (lambda f, i, w: gather_max(f, i + 30), ValueError, r'index must lie in \[0, 40\)'),
        (lambda f, i, w: gather_max(f[0], i), ValueError, 'feats must have shape'),
        (lambda f, i, w: gather_max(f.long(), i), TypeError, 'feats must be a floating-point'),
        (lambda f, i, w: interpolate(f, i, w.double()), TypeError, 'weight must have the dtype'),
        (lambda f, i, w: interpolate(f, i, w[:3]), ValueError, 'weight must have the shape'),
        (lambda f, i, w: inverse_distance_weights(w, 0.0), ValueError, 'eps must be positive'),
    ],
)
def test_bad_arguments_are_named(call, error, message):
    feats, index, weight, _ = inputs(torch.float32)
    with pytest.raises(error, match=message):
        call(feats, index, weight)
