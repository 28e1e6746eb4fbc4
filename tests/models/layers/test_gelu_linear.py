"""GELU and linear in one against the two layers."""

import pytest
import torch
from torch import nn

from swin3d_mmdet3d.models.layers.window_attention import GELULinear


def inputs(dtype=torch.float64):
    make = [torch.randn(*shape, dtype=dtype) * 2 for shape in ((7, 6), (4, 6), (4,))]
    return [tensor.requires_grad_() for tensor in make]


def test_values_and_gradients_equal_the_two_layers():
    hidden, weight, bias = inputs()
    expected = nn.functional.linear(nn.functional.gelu(hidden), weight, bias)
    out = GELULinear.apply(hidden, weight, bias)
    assert torch.equal(out, expected)
    grad = torch.randn_like(out)
    ours = torch.autograd.grad(out, (hidden, weight, bias), grad)
    theirs = torch.autograd.grad(expected, (hidden, weight, bias), grad)
    for our, their in zip(ours, theirs):
        torch.testing.assert_close(our, their, rtol=1e-12, atol=1e-12)


def test_gradients_agree_with_finite_differences():
    assert torch.autograd.gradcheck(GELULinear.apply, inputs())


def test_the_output_of_the_gelu_is_not_kept():
    hidden, weight, bias = inputs()
    saved = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: saved.append(t.shape) or t, lambda t: t):
        GELULinear.apply(hidden, weight, bias)
    assert sorted(saved) == [(4, 6), (7, 6)]


@pytest.mark.parametrize('rows', [0, 1])
def test_few_rows_have_gradients_of_the_right_shape(rows):
    _, weight, bias = inputs(torch.float32)
    hidden = torch.randn(rows, 6, requires_grad=True)
    GELULinear.apply(hidden, weight, bias).sum().backward()
    assert torch.equal(bias.grad, torch.full((4,), float(rows)))
    assert hidden.grad.shape == (rows, 6)


def test_autocast_computes_in_half_precision_and_gives_gradients_of_the_weights_type():
    hidden, weight, bias = inputs(torch.float32)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        out = GELULinear.apply(hidden, weight, bias)
        assert out.dtype == torch.bfloat16
        loss = out.float().square().sum()
    loss.backward()
    exact = nn.functional.linear(nn.functional.gelu(hidden.detach()), weight.detach(), bias.detach())
    torch.testing.assert_close(bias.grad, 2 * exact.sum(0), rtol=0.03, atol=0.3)
    assert weight.grad.dtype == torch.float32
