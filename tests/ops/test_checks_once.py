"""Arguments of a kind are checked once, others every time; without gradients no context of them is made."""

from unittest import mock

import pytest
import torch
from swin3d_ops import arguments, block_mlp, row_linear
from swin3d_ops.attention_layout import _JoinTables, _SplitHeads, join_tables, split_heads
from swin3d_ops.block_mlp import torch_impl as block_mlp_by_torch
from swin3d_ops.row_linear import torch_impl as row_linear_by_torch

ROWS, CHANNELS = 5, 4


class Check:
    """A check that counts its calls and refuses float64."""

    def __init__(self):
        self.calls = 0

    def __call__(self, *values):
        self.calls += 1
        if any(torch.is_tensor(value) and value.dtype == torch.float64 for value in values):
            raise TypeError('float64')


@pytest.fixture
def check(monkeypatch):
    check = Check()
    check.__name__ = check.__qualname__ = 'check'
    return check


def test_alike_arguments_are_checked_once(check):
    run = arguments.once_a_kind(check)
    for _ in range(3):
        run(torch.zeros(2, 3), None, True)
    assert check.calls == 1


@pytest.mark.parametrize(
    'other',
    [torch.zeros(3, 2), torch.zeros(2, 3).half(), torch.zeros(2, 3).requires_grad_(), None, 'text', [0],
     torch.zeros(2, 3, device='meta'), torch.zeros(2, 3).to_sparse()],
)  # fmt: skip
def test_arguments_that_differ_are_checked_again(check, other):
    run = arguments.once_a_kind(check)
    run(torch.zeros(2, 3), None)
    run(other, None)
    run(torch.zeros(2, 3), True)
    assert check.calls == 3


def test_what_is_refused_is_refused_again(check):
    run = arguments.once_a_kind(check)
    for _ in range(2):
        with pytest.raises(TypeError, match='float64'):
            run(torch.zeros(2).double())


@pytest.mark.parametrize('other', ['text', [0], torch.nested.nested_tensor([torch.zeros(2)])])
def test_what_is_no_dense_tensor_is_checked_every_time(check, other):
    run = arguments.once_a_kind(check)
    run(other)
    run(other)
    assert check.calls == 2


def test_remembered_kinds_are_bounded(check, monkeypatch):
    monkeypatch.setattr(arguments, 'KNOWN_KINDS', 2)
    run = arguments.once_a_kind(check)
    for rows in (0, 1, 2):  # for the third kind the two before it are forgotten
        run(torch.zeros(rows))
    run(torch.zeros(2))
    assert check.calls == 3
    run(torch.zeros(0))
    assert check.calls == 4


def parameters():
    torch.manual_seed(0)
    return torch.randn(6, CHANNELS), torch.randn(6)


@pytest.mark.parametrize(
    'wrong',
    [dict(feats=torch.zeros(ROWS, CHANNELS + 1)), dict(weight=torch.zeros(6, CHANNELS).double()),
     dict(bias=torch.zeros(7)), dict(residual=torch.zeros(ROWS, 7)),
     dict(norm=(torch.zeros(CHANNELS), torch.zeros(CHANNELS), -1.0)), dict(norm=(None, None, 1e-5)),
     dict(row_weight=torch.ones(ROWS).requires_grad_())],
)  # fmt: skip
def test_right_call_hides_no_wrong_one(wrong):
    weight, bias = parameters()
    norm = torch.ones(CHANNELS), torch.zeros(CHANNELS), 1e-5
    right = dict(
        feats=torch.zeros(ROWS, CHANNELS), weight=weight, bias=bias, norm=norm,
        residual=torch.zeros(ROWS, 6), row_weight=torch.ones(ROWS),
    )  # fmt: skip
    row_linear(**right)
    for _ in range(2):
        with pytest.raises((TypeError, ValueError)):
            row_linear(**{**right, **wrong})


def layers(backend):
    """Calls of all functions with a backward pass of their own, on the same numbers."""
    weight, bias = parameters()
    feats, scale = torch.randn(ROWS, CHANNELS), torch.rand(CHANNELS)
    yield lambda: row_linear(feats, weight, bias, (scale, scale, 1e-5), backend=backend)
    back, ends = torch.randn(CHANNELS, 6), torch.randn(CHANNELS)
    yield lambda: block_mlp(feats, scale, scale, weight, bias, back, ends, backend=backend)
    yield lambda: torch.stack(split_heads(torch.randn(ROWS, 12, generator=generator()), 2))
    tables = [torch.randn(3, 2, 1, 4, generator=generator()) for _ in range(6)]
    yield lambda: torch.stack(join_tables(tables))


def generator():
    return torch.Generator().manual_seed(1)


def test_without_gradients_results_have_the_same_bits_and_functions_are_not_applied():
    functions = _SplitHeads, _JoinTables, row_linear_by_torch._RowLinear, block_mlp_by_torch._BlockMLP
    for layer in layers('torch'):
        expected = layer()
        patches = [mock.patch.object(function, 'apply', side_effect=AssertionError) for function in functions]
        with torch.no_grad():
            for patch in patches:
                patch.start()
            try:
                found = layer()
            finally:
                for patch in patches:
                    patch.stop()
        assert torch.equal(found, expected)
