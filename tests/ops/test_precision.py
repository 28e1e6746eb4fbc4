"""Products in bfloat16: rounded operands, sums in float32; chosen by argument, autocast or environment."""

from __future__ import annotations

import pytest
import torch
from swin3d_ops import available_backends, block_mlp, cpu_runtime, row_linear
from torch import nn

NO_LIBRARY = available_backends('block_mlp')['cpu']
NO_BFLOAT16 = NO_LIBRARY or (None if cpu_runtime.library().has_bfloat16 else 'no AVX512-BF16')
needs_bfloat16 = pytest.mark.skipif(NO_BFLOAT16 is not None, reason=str(NO_BFLOAT16))
SHAPES = [(0, 5, 8), (1, 1, 1), (31, 48, 192), (257, 17, 83), (150, 33, 401)]


def rounded(tensor):
    """The nearest bfloat16, in float64."""
    return tensor.float().bfloat16().double()


def feed_forward(rows, channels, columns):
    generator = torch.Generator().manual_seed(0)
    shapes = (rows, channels), (channels,), (channels,), (columns, channels), (columns,)
    shapes += (channels, columns), (channels,)
    return [torch.randn(*shape, generator=generator) / shape[-1] ** 0.5 for shape in shapes]


@needs_bfloat16
@pytest.mark.parametrize('rows, channels, columns', SHAPES)
def test_the_feed_forward_rounds_the_operands_of_its_products(rows, channels, columns):
    feats, scale, shift, weight1, bias1, weight2, bias2 = inputs = feed_forward(rows, channels, columns)
    row_weight = torch.arange(rows) % 3 / 2
    got = block_mlp(*inputs, row_weight, precision='bfloat16', backend='cpu')
    normed = rounded(nn.functional.layer_norm(feats, feats.shape[1:], scale, shift))
    hidden = rounded(nn.functional.gelu(normed @ rounded(weight1).t() + bias1))
    branch = hidden @ rounded(weight2).t() + bias2
    exact = block_mlp(*[tensor.double() for tensor in inputs], backend='reference') - feats
    # A number on the border of two bfloat16 may go to the other one: far less often than all do.
    bound = 2e-3 * max(1.0, float(exact.abs().max())) if rows else 0
    assert got.dtype == torch.float32
    torch.testing.assert_close(got.double(), feats + branch * row_weight[:, None], rtol=0, atol=bound)
    assert torch.equal(got[row_weight == 0], feats[row_weight == 0])


@needs_bfloat16
@pytest.mark.parametrize('rows, channels, columns', SHAPES)
def test_a_linear_layer_rounds_the_operands_of_its_products(rows, channels, columns):
    feats, *_, weight, bias, _, _ = feed_forward(rows, channels, columns)
    residual = torch.ones(rows, columns)
    got = row_linear(feats, weight, bias, None, residual, precision='bfloat16', backend='cpu')
    expected = rounded(feats) @ rounded(weight).t() + bias + 1
    torch.testing.assert_close(got.double(), expected, rtol=1e-6, atol=1e-5)


@needs_bfloat16
def test_a_bad_row_stays_in_its_row():
    inputs = feed_forward(300, 20, 80)
    clean = block_mlp(*inputs, precision='bfloat16', backend='cpu')
    inputs[0][137, 3] = torch.nan
    out = block_mlp(*inputs, precision='bfloat16', backend='cpu')
    rest = torch.arange(300) != 137
    assert out[137].isnan().all() and torch.equal(out[rest], clean[rest])


@needs_bfloat16
def test_any_number_of_threads_gives_the_same_bits():
    inputs, before, results = feed_forward(3000, 20, 90), torch.get_num_threads(), []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            results.append(block_mlp(*inputs, precision='bfloat16', backend='cpu'))
    finally:
        torch.set_num_threads(before)
    assert torch.equal(results[0], results[1]) and torch.equal(results[0], results[2])


@pytest.mark.parametrize('backend', ['auto', 'torch', 'reference'])
def test_argument_autocast_and_environment_choose_the_same(backend, monkeypatch):
    inputs = feed_forward(40, 16, 64)
    named = block_mlp(*inputs, precision='bfloat16', backend=backend)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        by_autocast = block_mlp(*inputs, backend=backend)
        exact = block_mlp(*inputs, precision='float32', backend=backend)
    monkeypatch.setenv('SWIN3D_PRECISION', 'bfloat16')
    by_environment = block_mlp(*inputs, backend=backend)
    monkeypatch.delenv('SWIN3D_PRECISION')
    assert torch.equal(named, by_autocast) and torch.equal(named, by_environment)
    assert torch.equal(exact, block_mlp(*inputs, backend=backend))
    assert 1e-5 < (named - exact).abs().max() < 3e-2


def test_float64_is_never_rounded(monkeypatch):
    inputs = [tensor.double() for tensor in feed_forward(9, 4, 8)]
    exact = block_mlp(*inputs)
    monkeypatch.setenv('SWIN3D_PRECISION', 'bfloat16')
    assert torch.equal(block_mlp(*inputs), exact)
    assert torch.equal(block_mlp(*inputs, precision='bfloat16'), exact)


def test_an_unknown_name_in_the_environment_is_told(monkeypatch):
    monkeypatch.setenv('SWIN3D_PRECISION', 'half')
    with pytest.raises(ValueError, match="SWIN3D_PRECISION must be one of .* got 'half'"):
        block_mlp(*feed_forward(3, 4, 8))


@needs_bfloat16
def test_gradients_of_the_kernels_are_those_of_float32():
    inputs = [tensor.requires_grad_() for tensor in feed_forward(40, 16, 64)]
    grad = torch.randn(40, 16, generator=torch.Generator().manual_seed(1))
    outs = [block_mlp(*inputs, precision=name, backend='cpu') for name in ('bfloat16', 'float32')]
    assert not torch.equal(*outs)
    assert all(map(torch.equal, *(torch.autograd.grad(out, inputs, grad) for out in outs)))


@pytest.mark.parametrize('name', ['avx2', 'portable'])
def test_other_builds_round_nothing(use_isa, name):
    use_isa(name)
    inputs = feed_forward(20, 8, 32)
    exact = block_mlp(*inputs, backend='cpu')
    assert torch.equal(block_mlp(*inputs, precision='bfloat16', backend='cpu'), exact)


@pytest.mark.skipif(NO_LIBRARY is not None, reason=str(NO_LIBRARY))
def test_the_kernels_serve_any_autocast_by_name():
    inputs = feed_forward(20, 8, 32)
    with torch.autocast('cpu', dtype=torch.float16):
        got = block_mlp(*inputs, backend='cpu')
    assert torch.equal(got, block_mlp(*inputs, backend='cpu'))
