"""Resampling of every back-end against the float64 reference, and interpolation against stored values."""

from __future__ import annotations

import pytest
import torch
from swin3d_ops.resample import cpu_impl, gather_max, interpolate, inverse_distance_weights, linear_gather_max


def inputs(dtype, channels=7, k=4):
    generator = torch.Generator().manual_seed(0)
    feats = torch.randn(40, channels, generator=generator, dtype=torch.float64).to(dtype)
    index = torch.randint(0, 40, (90, k), generator=generator)
    weight = torch.randn(90, k, generator=generator, dtype=torch.float64).to(dtype)
    grad = torch.randn(90, channels, generator=generator, dtype=torch.float64).to(dtype)
    return feats.requires_grad_(), index, weight.requires_grad_(), grad


TOLERANCE = {torch.float32: 1e-6, torch.float64: 1e-14}


def check(call, backend, grad, *leaves):
    """Hold the output and all gradients against the float64 reference, to the size of the largest number."""
    results = []
    for name, dtype in ((backend, grad.dtype), ('reference', torch.float64)):
        own = [leaf.detach().to(dtype).requires_grad_() for leaf in leaves]
        out = call(*own, backend=name)
        results.append([out, *torch.autograd.grad(out, own, grad.to(dtype))])
    for got, truth in zip(*results):
        assert got.dtype == grad.dtype
        error = (got.double() - truth).abs().max() / truth.abs().max()
        assert error <= TOLERANCE[grad.dtype], float(error)


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
@pytest.mark.parametrize('channels, k', [(1, 1), (7, 4), (48, 16), (64, 3)])
def test_gather_max_equals_the_reference(host_backend, dtype, channels, k):
    feats, index, _, grad = inputs(dtype, channels, k)
    check(lambda x, backend: gather_max(x, index, backend), host_backend, grad, feats)


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
@pytest.mark.parametrize('channels, k', [(1, 1), (7, 4), (48, 3), (75, 3)])
def test_interpolation_equals_the_reference(host_backend, dtype, channels, k):
    feats, index, weight, grad = inputs(dtype, channels, k)
    check(lambda x, w, backend: interpolate(x, index, w, backend), host_backend, grad, feats, weight)


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
@pytest.mark.parametrize('shared_rows', [0, 99])
@pytest.mark.parametrize('channels, width, k', [(1, 1, 1), (7, 5, 4), (48, 96, 16), (33, 17, 3)])
def test_maximum_of_a_product_equals_the_reference(
    host_backend, monkeypatch, dtype, shared_rows, channels, width, k
):
    monkeypatch.setattr(cpu_impl, 'SHARED_ROWS', shared_rows)
    feats, index, _, _ = inputs(dtype, channels, k)
    generator = torch.Generator().manual_seed(1)
    weight, grad = (torch.randn(n, m, generator=generator) for n, m in ((width, channels), (90, width)))
    check(
        lambda x, w, backend: linear_gather_max(x, w, index, backend),
        host_backend, grad.to(dtype), feats, weight,
    )  # fmt: skip


@pytest.mark.parametrize('results', [20, 90])
@pytest.mark.parametrize('channels, width, k', [(5, 3, 1), (48, 96, 16), (33, 100, 11)])
def test_kept_and_unkept_products_have_the_same_maximum(isa, monkeypatch, results, channels, width, k):
    feats = torch.randn(3000, channels, dtype=torch.float64)
    feats[7] = torch.nan
    index, weight = torch.randint(0, 3000, (results, k)), torch.randn(width, channels, dtype=torch.float64)
    index[3, -1] = 7
    found = []
    for shared_rows in (0, 2):
        monkeypatch.setattr(cpu_impl, 'SHARED_ROWS', shared_rows)
        found.append(torch.ops.swin3d.linear_gather_max(feats, weight, index))
    (out, choice), (unkept, unkept_choice) = found
    torch.testing.assert_close(unkept, out, equal_nan=True)
    assert out[3].isnan().all() and torch.equal(unkept_choice, choice)


def test_gradient_of_a_maximum_of_a_product_has_the_same_bits_on_any_number_of_threads():
    feats, index, _, _ = inputs(torch.float32, 50, 16)
    weight = torch.randn(70, 50, requires_grad=True)
    threads, found = torch.get_num_threads(), []
    try:
        for count in (1, 2, 5):
            torch.set_num_threads(count)
            leaf = feats.detach().clone().requires_grad_()
            out = linear_gather_max(leaf, weight, index)
            found.append(torch.autograd.grad(out.square().sum(), (leaf, weight)))
    finally:
        torch.set_num_threads(threads)
    assert all(torch.equal(a, b) for other in found[1:] for a, b in zip(found[0], other))


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
    matrix = torch.randn(3, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda f, w: linear_gather_max(f, w, index, backend=backend), [feats, matrix]
    )
    assert torch.autograd.gradcheck(lambda f, w: interpolate(f, index, w, backend=backend), [feats, weight])


def test_empty_index_gives_no_rows(gather_max_backend):
    feats, index, weight, _ = inputs(torch.float32)
    assert gather_max(feats, index[:0], backend=gather_max_backend).shape == (0, 7)
    assert linear_gather_max(feats, feats[:3], index[:0], backend=gather_max_backend).shape == (0, 3)
    assert interpolate(feats, index[:0], weight[:0], backend=gather_max_backend).shape == (0, 7)


@pytest.mark.parametrize('channels, width', [(0, 5), (5, 0), (0, 0)])
@pytest.mark.parametrize('results', [0, 4])
def test_no_channels_and_no_results(gather_max_backend, results, channels, width):
    feats = torch.randn(6, channels, requires_grad=True)
    index, matrix = torch.zeros(results, 2).long(), torch.randn(width, channels, requires_grad=True)
    weight = torch.randn(results, 2, requires_grad=True)
    for op, arguments in (
        (gather_max, dict(feats=feats)),
        (linear_gather_max, dict(feats=feats, weight=matrix)),
        (interpolate, dict(feats=feats, weight=weight)),
    ):
        backends = gather_max_backend, 'reference'
        out, truth = (op(**arguments, index=index, backend=backend) for backend in backends)
        torch.testing.assert_close(out, truth)
        grads = (torch.autograd.grad(o.sum(), arguments.values()) for o in (out, truth))
        for got, expected in zip(*grads):
            torch.testing.assert_close(got, expected)


@pytest.mark.parametrize('row', [-1, 40, 10**12])
@pytest.mark.parametrize('op', [gather_max, interpolate, linear_gather_max], ids=lambda op: op.__name__)
def test_rows_changed_before_the_backward_pass_are_refused(op, row):
    feats, index, weight, _ = inputs(torch.float32)
    weight = {linear_gather_max: feats[:3].detach(), interpolate: weight}.get(op)
    out = op(feats, index) if op is gather_max else op(**dict(feats=feats, index=index, weight=weight))
    index.numpy()[5, 1] = row
    with pytest.raises(ValueError, match=r'index must lie in \[0, 40\)'):
        out.sum().backward()


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
    assert inverse_distance_weights(torch.ones(1, 2), 10**30).tolist() == [[0.5, 0.5]]


@pytest.mark.parametrize(
    'call, error, message',
    [
        (lambda f, i, w: gather_max(f, i.int()), TypeError, 'index must be an int64 tensor'),
        (lambda f, i, w: gather_max(f, i + 30), ValueError, r'index must lie in \[0, 40\)'),
        (lambda f, i, w: gather_max(f, i.to('meta')), ValueError, 'index must hold data'),
        (lambda f, i, w: gather_max(f.to_sparse(), i), TypeError, 'feats must be a dense tensor'),
        (lambda f, i, w: gather_max(f.cfloat(), i), TypeError, 'feats must be a floating-point tensor'),
        (lambda f, i, w: gather_max(f[0], i), ValueError, 'feats must have shape'),
        (lambda f, i, w: gather_max(f.long(), i), TypeError, 'feats must be a floating-point'),
        (lambda f, i, w: linear_gather_max(f, f.double(), i), TypeError, 'weight must have the dtype'),
        (lambda f, i, w: linear_gather_max(f, w, i), ValueError, r'weight must have shape \(D, 7\)'),
        (lambda f, i, w: interpolate(f, i, w.double()), TypeError, 'weight must have the dtype'),
        (lambda f, i, w: interpolate(f, i, w[:3]), ValueError, 'weight must have the shape'),
        (lambda f, i, w: inverse_distance_weights(w, 0.0), ValueError, 'eps must be positive'),
        (
            lambda f, i, w: inverse_distance_weights(w, 10**400),
            ValueError,
            'eps must be a finite float, got 10',
        ),
        (lambda f, i, w: inverse_distance_weights(w, '1'), TypeError, 'eps must be a number, got str'),
    ],
)
def test_bad_arguments_are_named(call, error, message):
    feats, index, weight, _ = inputs(torch.float32)
    with pytest.raises(error, match=message):
        call(feats, index, weight)


def test_autocast_computes_in_float32_on_every_backend(gather_max_backend):
    feats, index, weight, _ = inputs(torch.float32)
    matrix = torch.randn(5, 7, generator=torch.Generator().manual_seed(1))
    narrow = feats.detach().bfloat16()
    calls = (
        lambda x, **kind: gather_max(x, index, **kind),
        lambda x, **kind: linear_gather_max(x, matrix, index, **kind),
        lambda x, **kind: interpolate(x, index, weight, **kind),
    )
    for call in calls:
        expected = call(narrow.double().float(), backend='reference')
        for backend in (gather_max_backend, 'reference'):
            with torch.autocast('cpu', torch.bfloat16):
                got = call(narrow, backend=backend)
            torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-5)
