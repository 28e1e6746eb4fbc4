"""The feed-forward branch on all back-ends and builds against layers of torch in float64."""

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
from swin3d_ops import block_mlp
from torch import nn

NAMES = ('feats', 'norm_weight', 'norm_bias', 'weight1', 'bias1', 'weight2', 'bias2')
needs_kernels = needs_cpu_kernels('block_mlp')


def problem(rows, channels, columns, dtype=torch.float64, seed=0):
    """The seven differentiable inputs, and the gradient of the output."""
    draw = draw_with(torch.Generator().manual_seed(seed), dtype)
    inputs = [
        draw(rows, channels) * 2 + 1, draw(channels) * 0.5 + 1, draw(channels) * 0.3,
        draw(columns, channels, spread=channels**-0.5), draw(columns) * 0.2,
        draw(channels, columns, spread=columns**-0.5), draw(channels) * 0.2,
    ]  # fmt: skip
    return inputs, draw(rows, channels)


def layers(feats, norm_weight, norm_bias, weight1, bias1, weight2, bias2, row_weight=None):
    normed = nn.functional.layer_norm(feats, feats.shape[1:], norm_weight, norm_bias)
    hidden = nn.functional.gelu(nn.functional.linear(normed, weight1, bias1))
    branch = nn.functional.linear(hidden, weight2, bias2)
    return feats + (branch if row_weight is None else branch * row_weight[:, None])


@pytest.mark.parametrize('dtype, tolerance', [(torch.float32, 1e-5), (torch.float64, 1e-12)])
@pytest.mark.parametrize(
    'rows, channels, columns',
    [
        (0, 5, 8),
        (1, 1, 1),
        (31, 48, 192),
        (257, 17, 83),
        (300, 80, 320),
        (9, 200, 1000),
        (64, 33, 7),
        (310, 40, 413),
    ],  # fmt: skip
)
def test_results_are_those_of_the_layers(host_backend, rows, channels, columns, dtype, tolerance):
    inputs, grad = problem(rows, channels, columns)
    truth = with_gradients(layers, inputs, grad)
    inputs, grad = [tensor.to(dtype) for tensor in inputs], grad.to(dtype)
    got = with_gradients(lambda *t: block_mlp(*t, backend=host_backend), inputs, grad)
    assert_agree(got, truth, tolerance)


def test_rows_are_weighted_and_those_of_weight_zero_left_as_they_are(host_backend):
    inputs, grad = problem(500, 24, 96)
    weight = torch.rand(500, generator=torch.Generator().manual_seed(1)).gt(0.3) / 0.7
    truth = with_gradients(lambda *t: layers(*t, weight), inputs, grad)
    got = with_gradients(
        lambda *t: block_mlp(*t, row_weight=weight.float(), backend=host_backend),
        [tensor.float() for tensor in inputs], grad.float(),
    )  # fmt: skip
    assert_agree(got, truth, 1e-5)
    left = weight == 0
    assert torch.equal(got[0][left], inputs[0].float()[left])
    assert torch.equal(got[1][left], grad.float()[left])


@pytest.mark.parametrize('backend', ['reference', 'torch', 'cpu'])
def test_weights_of_rows_in_another_type_leave_the_type_of_the_result(backend):
    inputs, _ = problem(9, 8, 8)
    out = block_mlp(*(t.detach().bfloat16() for t in inputs), torch.ones(9).double(), backend=backend)
    assert out.dtype == torch.bfloat16


def test_all_rows_left_out_give_the_input_and_no_gradient_of_weights(host_backend):
    inputs, grad = problem(40, 8, 32, torch.float32)
    out, of_feats, *others = with_gradients(
        lambda *t: block_mlp(*t, row_weight=torch.zeros(40), backend=host_backend), inputs, grad
    )
    assert torch.equal(out, inputs[0]) and torch.equal(of_feats, grad)
    assert not any(gradient.any() for gradient in others)


def test_tensors_that_lie_apart_are_read_where_they_are(host_backend):
    inputs, grad = problem(70, 12, 40, torch.float32)
    truth = with_gradients(lambda *t: block_mlp(*t, backend=host_backend), inputs, grad)
    apart = [torch.stack([tensor, tensor], dim=-1)[..., 0] for tensor in inputs]
    assert not any(tensor.is_contiguous() for tensor in apart)
    got = with_gradients(
        lambda *t: block_mlp(*t, backend=host_backend), apart, torch.stack([grad, grad], dim=-1)[..., 0]
    )
    assert_agree(got, truth, 1e-6)


@pytest.mark.parametrize('bad', [float('nan'), float('inf'), -float('inf')])
def test_a_bad_row_stays_in_its_row(host_backend, bad):
    inputs, grad = problem(300, 20, 80, torch.float32)
    run = lambda *t: block_mlp(*t, backend=host_backend)  # noqa: E731
    clean = with_gradients(run, inputs, grad)
    inputs[0][137, 3] = bad
    out, of_feats, *others = with_gradients(run, inputs, grad)
    assert out[137].isnan().all() and of_feats[137].isnan().all()
    assert others[2].isnan().any()
    rest = torch.arange(300) != 137
    assert torch.equal(out[rest], clean[0][rest]) and torch.equal(of_feats[rest], clean[1][rest])


@pytest.mark.parametrize('which', range(7), ids=NAMES)
def test_nothing_is_hidden_that_is_not_finite(host_backend, which):
    for bad in (float('nan'), float('inf'), -float('inf')):
        inputs, grad = problem(20, 6, 24)
        inputs[which].view(-1)[4] = bad
        truth = with_gradients(lambda *t: block_mlp(*t, backend='reference'), inputs, grad)
        inputs, grad = [tensor.float() for tensor in inputs], grad.float()
        got = with_gradients(lambda *t: block_mlp(*t, backend=host_backend), inputs, grad)
        assert got[0][truth[0].isnan()].isnan().all()
        for a, b in zip(got, truth):
            assert not a[~b.isfinite()].isfinite().any()


def test_the_gelu_is_exact_everywhere(host_backend):
    """A row of ones and minus ones is its own norm; the second matrix takes hidden columns apart."""
    count = 802
    steps = torch.linspace(-12, 12, count, dtype=torch.float64).float()
    feats, weight1 = torch.ones(1, count), torch.zeros(count, count)
    feats[0, ::2] = -1
    weight1[:, 1] = steps
    one, zero = torch.ones(count), torch.zeros(count)
    out = block_mlp(feats, one, zero, weight1, zero, torch.eye(count), zero, eps=1e-30, backend=host_backend)
    expected = feats[0] + nn.functional.gelu(steps.double())
    assert (out[0] - expected).abs().max() <= 1e-6
    assert (out[0] - expected)[steps.abs() < 3].abs().max() <= 6e-7


@pytest.mark.parametrize('shape', [(3000, 20, 90), (100, 24, 413), (400, 30, 600)])
def test_any_number_of_threads_and_a_second_run_give_the_same_bits(isa, shape):
    inputs, grad = problem(*shape, torch.float32)
    assert_same_bits_for_any_threads(lambda *t: block_mlp(*t, backend='cpu'), inputs, grad)


@pytest.mark.parametrize('backend', ['torch', pytest.param('cpu', marks=needs_kernels)])
def test_the_input_alone_is_kept_for_the_backward_pass(backend):
    inputs, _ = problem(30, 6, 24, torch.float32)
    inputs = [tensor.requires_grad_() for tensor in inputs]
    saved = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: saved.append(t.shape) or t, lambda t: t):
        block_mlp(*inputs, backend=backend)
    assert set(saved) <= {tensor.shape for tensor in inputs} and saved.count((30, 6)) == 1


@needs_kernels
def test_gradients_agree_with_finite_differences():
    inputs, _ = problem(5, 4, 6)
    inputs = [tensor.requires_grad_() for tensor in inputs]
    assert torch.autograd.gradcheck(lambda *t: block_mlp(*t, backend='cpu'), inputs)


@pytest.mark.parametrize('backend', ['auto', 'torch', 'reference'])
def test_under_autocast_products_are_in_its_type_and_the_sum_in_float32(backend):
    inputs, grad = problem(60, 16, 64, torch.float32)
    exact = with_gradients(layers, [tensor.double() for tensor in inputs], grad.double())

    def narrow(*tensors):
        with torch.autocast('cpu', dtype=torch.bfloat16):
            return block_mlp(*tensors, backend=backend)

    got = with_gradients(narrow, inputs, grad)
    assert all(tensor.dtype == torch.float32 for tensor in got)
    for a, b in zip(got, exact):
        assert (a - b).abs().max() <= 2e-2 * b.abs().max()
    with torch.autocast('cpu', dtype=torch.bfloat16):
        branch = layers(*inputs) - inputs[0]
    assert (got[0] - inputs[0] - branch).abs().max() <= 2e-2 * branch.abs().max()


def test_autocast_leaves_float64_alone():
    inputs, grad = problem(9, 4, 8)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        got = block_mlp(*inputs)
    torch.testing.assert_close(got, layers(*inputs), rtol=1e-12, atol=1e-12)


@needs_kernels
def test_the_operator_keeps_to_its_schema():
    inputs, _ = problem(20, 6, 24, torch.float32)
    inputs = [tensor.requires_grad_() for tensor in inputs]
    torch.library.opcheck(torch.ops.swin3d.block_mlp.default, (*inputs, torch.arange(20.0) % 3, 1e-5, False))


@needs_kernels
def test_whole_graph_compilation_equals_eager():
    inputs, grad = problem(40, 8, 32, torch.float32)
    compiled = torch.compile(lambda x, *rest: block_mlp(x * 2, *rest), fullgraph=True, backend='aot_eager')
    expected = with_gradients(lambda x, *rest: block_mlp(x * 2, *rest), inputs, grad)
    for got, truth in zip(with_gradients(compiled, inputs, grad), expected):
        torch.testing.assert_close(got, truth)


@pytest.mark.parametrize(
    'name, value, error, message',
    [
        ('feats', torch.zeros(5, 4).long(), TypeError, 'feats must be a floating-point tensor'),
        ('feats', torch.zeros(5), ValueError, r'feats must have shape \(N, C\) with C >= 1, got \(5,\)'),
        ('norm_weight', torch.ones(3), ValueError, r'norm_weight must have shape \(4,\), got \(3,\)'),
        ('weight1', torch.ones(8, 4).double(), TypeError, 'weight1 must have the dtype of feats'),
        ('weight2', torch.ones(8, 4), ValueError, r'weight2 must have shape \(4, 8\), got \(8, 4\)'),
        ('bias1', None, TypeError, 'bias1 must be a tensor, got NoneType'),
        ('row_weight', torch.ones(4), ValueError, r'row_weight must have shape \(5,\) on cpu'),
        ('row_weight', torch.ones(5).requires_grad_(), ValueError, 'row_weight must not require a gradient'),
        ('precision', 'half', ValueError, r"precision must be one of \('float32', 'bfloat16'\), got 'half'"),
        ('eps', 0.0, ValueError, 'eps must be positive, got 0.0'),
        ('eps', '1', TypeError, 'eps must be a number, got str'),
    ],
)
def test_wrong_arguments_are_named(name, value, error, message):
    inputs, _ = problem(5, 4, 8, torch.float32)
    with pytest.raises(error, match=message):
        block_mlp(**{**dict(zip(NAMES, inputs)), name: value})


def test_gradients_that_are_not_wanted_change_no_others(host_backend):
    inputs, grad = problem(60, 12, 48, torch.float32)
    weight = torch.rand(60).round() * 2
    _, *expected = with_gradients(lambda *t: block_mlp(*t, weight, backend=host_backend), inputs, grad)
    for place in range(7):
        leaves = [tensor.detach().requires_grad_(n == place) for n, tensor in enumerate(inputs)]
        out = block_mlp(*leaves, weight, backend=host_backend)
        assert torch.equal(*torch.autograd.grad(out, leaves[place], grad), expected[place])


def test_the_backward_pass_of_torch_has_the_types_of_the_forward_pass():
    inputs, grad = problem(40, 8, 32, torch.float32)
    run = lambda *t: block_mlp(*t, torch.arange(40.0) % 3, backend='torch')  # noqa: E731
    _, *expected = with_gradients(run, inputs, grad)
    leaves = [tensor.detach().requires_grad_() for tensor in inputs]
    out = run(*leaves)
    with torch.autocast('cpu', torch.bfloat16):
        assert all(map(torch.equal, torch.autograd.grad(out, leaves, grad), expected))
