"""A linear layer of rows on all back-ends and builds against layers of torch in float64."""

from __future__ import annotations

import pytest
import torch
from row_layers import (
    assert_agree,
    assert_same_bits_for_any_threads,
    draw_with,
    needs_cpu_kernels,
    with_gradients,
)
from swin3d_ops import row_linear, row_steps
from torch import nn

needs_kernels = needs_cpu_kernels('row_linear')


def problem(rows, channels, columns, dtype=torch.float64, seed=0):
    """Feats, weight, bias, scale and shift of the norm, residual; and the gradient of the output."""
    draw = draw_with(torch.Generator().manual_seed(seed), dtype)
    inputs = [
        draw(rows, channels) * 2 + 1, draw(columns, channels, spread=channels**-0.5), draw(columns),
        draw(channels) * 0.5 + 1, draw(channels) * 0.3, draw(rows, columns),
    ]  # fmt: skip
    return inputs, draw(rows, columns)


def layers(feats, weight, bias, scale, shift, residual, row_weight=None, normalised=True, added=True):
    if normalised:
        feats = nn.functional.layer_norm(feats, feats.shape[1:], scale, shift)
    out = nn.functional.linear(feats, weight, bias)
    out = out if row_weight is None else out * row_weight[:, None]
    return residual + out if added else out


def solve(backend, row_weight=None, normalised=True, added=True):
    def run(feats, weight, bias, scale, shift, residual):
        norm, residual = (scale, shift, 1e-5) if normalised else None, residual if added else None
        return row_linear(feats, weight, bias, norm, residual, row_weight, backend=backend)

    return run


@pytest.mark.parametrize('dtype, tolerance', [(torch.float32, 1e-5), (torch.float64, 1e-12)])
@pytest.mark.parametrize('normalised, added', [(True, False), (False, True), (True, True), (False, False)])
@pytest.mark.parametrize(
    'rows, channels, columns',
    [(0, 5, 8), (1, 1, 1), (31, 48, 144), (257, 17, 83), (64, 200, 33), (310, 40, 413)],
)
def test_results_are_those_of_the_layers(
    host_backend, rows, channels, columns, normalised, added, dtype, tolerance
):
    inputs, grad = problem(rows, channels, columns)
    form = dict(normalised=normalised, added=added)
    truth = with_gradients(lambda *t: layers(*t, **form), inputs, grad)
    inputs, grad = [tensor.to(dtype) for tensor in inputs], grad.to(dtype)
    assert_agree(with_gradients(solve(host_backend, **form), inputs, grad), truth, tolerance)


@pytest.mark.parametrize('added', [True, False])
def test_rows_are_weighted_and_those_of_weight_zero_left_out(host_backend, added):
    inputs, grad = problem(500, 24, 50)
    weight = torch.rand(500, generator=torch.Generator().manual_seed(1)).gt(0.3) / 0.7
    truth = with_gradients(lambda *t: layers(*t, row_weight=weight, added=added), inputs, grad)
    inputs, grad = [tensor.float() for tensor in inputs], grad.float()
    got = with_gradients(solve(host_backend, weight.float(), added=added), inputs, grad)
    assert_agree(got, truth, 1e-5)
    assert torch.equal(got[0][weight == 0], inputs[5][weight == 0] * added)


def test_tensors_that_lie_apart_are_read_where_they_are(host_backend):
    inputs, grad = problem(70, 12, 40, torch.float32)
    truth = with_gradients(solve(host_backend), inputs, grad)
    apart = [torch.stack([tensor, tensor], dim=-1)[..., 0] for tensor in inputs]
    got = with_gradients(solve(host_backend), apart, torch.stack([grad, grad], dim=-1)[..., 0])
    assert_agree(got, truth, 1e-6)


@pytest.mark.parametrize('bad', [float('nan'), float('inf'), -float('inf')])
def test_a_bad_row_stays_in_its_row(host_backend, bad):
    inputs, grad = problem(300, 20, 30, torch.float32)
    clean = with_gradients(solve(host_backend), inputs, grad)
    inputs[0][137, 3] = bad
    out, of_feats, *others = with_gradients(solve(host_backend), inputs, grad)
    assert out[137].isnan().all() and of_feats[137].isnan().all() and others[0].isnan().any()
    rest = torch.arange(300) != 137
    assert torch.equal(out[rest], clean[0][rest]) and torch.equal(of_feats[rest], clean[1][rest])


@pytest.mark.parametrize('shape', [(3000, 20, 90), (100, 24, 413), (400, 30, 600)])
def test_any_number_of_threads_and_a_second_run_give_the_same_bits(isa, shape):
    inputs, grad = problem(*shape, torch.float32)
    assert_same_bits_for_any_threads(solve('cpu'), inputs, grad)


@needs_kernels
def test_the_norm_is_not_kept_for_the_backward_pass():
    inputs, _ = problem(30, 6, 24, torch.float32)
    inputs, saved = [tensor.requires_grad_() for tensor in inputs], []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: saved.append(t.shape) or t, lambda t: t):
        solve('cpu')(*inputs)
    assert sorted(saved) == sorted(tensor.shape for tensor in inputs[:5])


@needs_kernels
def test_the_operator_keeps_to_its_schema():
    inputs, _ = problem(20, 6, 24, torch.float32)
    inputs = [tensor.requires_grad_() for tensor in inputs]
    torch.library.opcheck(torch.ops.swin3d.row_linear.default, (*inputs, torch.arange(20.0) % 3, 1e-5, False))


@needs_kernels
def test_whole_graph_compilation_equals_eager():
    inputs, grad = problem(40, 8, 32, torch.float32)
    expected = with_gradients(solve('auto'), inputs, grad)
    compiled = torch.compile(solve('auto'), fullgraph=True, backend='aot_eager')
    for got, truth in zip(with_gradients(compiled, inputs, grad), expected):
        torch.testing.assert_close(got, truth)


@pytest.mark.parametrize(
    'name, value, error, message',
    [
        ('feats', torch.zeros(5), ValueError, r'feats must have shape \(N, C\) with C >= 1, got \(5,\)'),
        ('weight', torch.ones(8, 3), ValueError, r'weight must have shape \(8, 4\), got \(8, 3\)'),
        ('bias', torch.ones(8).double(), TypeError, 'bias must have the dtype of feats'),
        ('norm', torch.ones(4), TypeError, r'norm must be a tuple \(scale, shift, eps\) or None'),
        ('norm', (torch.ones(4), torch.ones(3), 1e-5), ValueError, r'norm_bias must have shape \(4,\)'),
        ('norm', (torch.ones(4), torch.ones(4), 0), ValueError, 'eps of norm must be positive, got 0'),
        ('residual', torch.ones(5, 4), ValueError, r'residual must have shape \(5, 8\), got \(5, 4\)'),
        ('row_weight', torch.ones(4), ValueError, r'row_weight must have shape \(5,\) on cpu'),
    ],
)
def test_wrong_arguments_are_named(name, value, error, message):
    inputs, _ = problem(5, 4, 8, torch.float32)
    with pytest.raises(error, match=message):
        row_linear(**{**dict(zip(('feats', 'weight', 'bias'), inputs)), name: value})


@pytest.mark.parametrize('normalised', [True, False])
def test_gradients_that_are_not_wanted_change_no_others(host_backend, normalised):
    inputs, grad = problem(60, 12, 20, torch.float32)
    run = solve(host_backend, torch.rand(60).round() * 2, normalised)
    _, *expected = with_gradients(run, inputs, grad)
    used = [place for place in range(6) if normalised or place not in (3, 4)]
    for wanted in ([place] for place in used):
        leaves = [tensor.detach().requires_grad_(place in wanted) for place, tensor in enumerate(inputs)]
        got = torch.autograd.grad(run(*leaves), [leaves[place] for place in wanted], grad)
        assert all(map(torch.equal, got, [expected[place] for place in wanted]))


def test_the_backward_pass_of_torch_compiles_and_has_the_types_of_the_forward_pass():
    inputs, grad = problem(40, 8, 12, torch.float32)
    run = solve('torch', torch.arange(40.0) % 3)
    expected = with_gradients(run, inputs, grad)
    compiled = torch.compile(run, fullgraph=True, backend='aot_eager')
    for got, truth in zip(with_gradients(compiled, inputs, grad), expected):
        torch.testing.assert_close(got, truth)
    leaves = [tensor.detach().requires_grad_() for tensor in inputs]
    out = run(*leaves)
    with torch.autocast('cpu', torch.bfloat16):
        assert all(map(torch.equal, torch.autograd.grad(out, leaves, grad), expected[1:]))


@pytest.mark.parametrize('dtype, rounding', [(torch.float16, 2**-11), (torch.bfloat16, 2**-8)])
@pytest.mark.parametrize('backend', ['torch', 'reference', 'auto'])
@pytest.mark.parametrize('narrow, normalised, added', [(True, False, True), (False, True, False)])
def test_autocast_on_a_gpu_reads_and_returns_16_bits_but_for_sums_with_other_rows(
    gpu_rule, backend, dtype, rounding, narrow, normalised, added
):
    """As the attention's two layers: one makes its inputs, the other adds what it gives to the features."""
    inputs, grad = problem(70, 24, 40, torch.float32)
    if narrow:
        inputs[0] = inputs[0].to(dtype)
    row_weight = torch.arange(70.0) % 3
    truth = with_gradients(
        solve('reference', row_weight.double(), normalised, added),
        [tensor.double() for tensor in inputs],
        grad.double(),
    )

    def run(*tensors):
        with torch.autocast('cpu', dtype):
            return solve(backend, row_weight, normalised, added)(*tensors)

    out_dtype = torch.float32 if added else dtype
    got = with_gradients(run, inputs, grad.to(out_dtype))
    assert [tensor.dtype for tensor in got] == [out_dtype, *(tensor.dtype for tensor in inputs)]
    for n, (a, b) in enumerate(zip(got, truth)):
        assert (a - b).abs().mean() <= 2 * rounding * b.abs().max(), n


def test_autocast_on_a_gpu_leaves_float64_and_a_named_precision_alone(gpu_rule):
    for dtype, precision in ((torch.float64, None), (torch.float32, 'float32')):
        feats, weight, bias = problem(9, 4, 8, dtype)[0][:3]
        with torch.autocast('cpu', torch.bfloat16):
            got = row_linear(feats, weight, bias, precision=precision, backend='torch')
        torch.testing.assert_close(got, nn.functional.linear(feats, weight, bias))


def test_weights_of_another_dtype_are_named_under_autocast_on_a_gpu(gpu_rule):
    feats, weight, bias = problem(9, 4, 8, torch.float32)[0][:3]
    with (
        torch.autocast('cpu', torch.bfloat16),
        pytest.raises(
            TypeError, match='weight must have the dtype of feats, torch.float32, got torch.float64'
        ),
    ):
        row_linear(feats, weight.double(), bias)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_gradients_of_weights_are_the_sums_of_matrix_units_where_a_gpu_gives_them(
    gpu_rule, monkeypatch, dtype
):
    def unrounded(first, second, out_dtype):
        assert out_dtype == torch.float32
        return first.to(out_dtype) @ second.to(out_dtype)

    monkeypatch.setattr(row_steps, '_keeps_sums', lambda operand: operand.dtype == dtype)
    monkeypatch.setattr(torch, 'mm', unrounded)
    feats = torch.full((3000, 4), 8.0, dtype=dtype, requires_grad=True)
    weight, bias = torch.randn(5, 4, requires_grad=True), torch.zeros(5, requires_grad=True)
    with torch.autocast('cpu', dtype):
        out = row_linear(feats, weight, bias, backend='torch')
    of_feats, of_weight, of_bias = torch.autograd.grad(out, (feats, weight, bias), torch.full_like(out, 8.0))
    assert torch.equal(of_weight, torch.full_like(weight, 3000 * 64.0))  # beyond the range of float16
    assert torch.equal(of_bias, torch.full_like(bias, 3000 * 8.0))
    expected = weight.detach().to(dtype).double().sum(0) * 8
    assert of_feats.dtype == dtype
    assert (of_feats - expected).abs().max() <= torch.finfo(dtype).eps * expected.abs().max()
