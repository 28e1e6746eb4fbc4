"""Window attention in bfloat16: rounded operands, sums and softmax in float32, in both passes."""

from __future__ import annotations

import pytest
import torch
from swin3d_ops import available_backends, cpu_runtime, window_attention
from swin3d_ops.window_attention.table_rows import table_row
from torch.nn.functional import one_hot

NO_LIBRARY = available_backends('window_attention')['cpu']
NO_BFLOAT16 = NO_LIBRARY or (None if cpu_runtime.library().has_bfloat16 else 'no AVX512-BF16')
needs_bfloat16 = pytest.mark.skipif(NO_BFLOAT16 is not None, reason=str(NO_BFLOAT16))
NAMES = ('q', 'k', 'v', 'q_table', 'k_table', 'v_table')


def rounded(tensor):
    """The nearest bfloat16, in float64."""
    return tensor.float().bfloat16().double()


def attend(problem, inputs, windows, precision):
    arguments = problem.signals, problem.table_rows, windows
    return window_attention(*inputs, *arguments, precision=precision, backend='cpu')


def rounded_attention(problem, voxels):
    """The equation in one window, with everything rounded that meets another number: (n, H, D)."""
    q, k, v, q_table, k_table, v_table = (tensor.double() for tensor in problem.inputs)
    x, y, z = rounded(q[voxels] * q.shape[2] ** -0.5), rounded(k[voxels]), rounded(v[voxels])
    signals = problem.signals[voxels]
    rows, first = [], 0
    for signal, size in zip(signals.t(), problem.table_rows):
        rows.append(first + table_row(signal[:, None], signal[None], size))
        first += size
    rows = torch.stack(rows, 2)  # (n, n, S)
    logits = torch.einsum('ihd,jhd->hij', x, y)
    logits += torch.einsum('ihd,ijahd->hij', x, rounded(q_table)[rows])
    logits += torch.einsum('jhd,ijahd->hij', y, rounded(k_table)[rows])
    weight = (logits - logits.amax(2, keepdim=True)).exp()
    counts = torch.einsum('hij,ijar->hir', weight, one_hot(rows, sum(problem.table_rows)).double())
    out = torch.einsum('hij,jhd->ihd', rounded(weight), z)
    out += torch.einsum('hir,rhd->ihd', rounded(counts), rounded(v_table))
    return out / weight.sum(2).t()[:, :, None]


@needs_bfloat16
@pytest.mark.parametrize('heads, width', [(3, 16), (12, 16), (2, 9), (1, 64)])
@pytest.mark.parametrize('table_rows', [(7, 5, 3), (56, 56, 56, 32, 31, 32)])
def test_the_operands_of_products_are_rounded(attention, heads, width, table_rows):
    problem = attention(90, heads, width, table_rows, dtype=torch.float32, extent=6)
    got = attend(problem, problem.inputs, problem.windows, 'bfloat16').double()
    order, ptr = problem.windows.order, problem.windows.ptr.tolist()
    for low, high in zip(ptr, ptr[1:]):
        expected = rounded_attention(problem, order[low:high])
        # A weight on the border of two bfloat16 may go to the other one: 2^-8 of one term.
        bound = 1e-3 * float(expected.abs().max())
        torch.testing.assert_close(got[order[low:high]], expected, rtol=0, atol=bound)


@needs_bfloat16
@pytest.mark.parametrize(
    'heads, width, table_rows', [(3, 16, (7, 5, 3)), (6, 16, (56, 56, 56, 32, 32, 32)), (2, 12, (9,) * 9)]
)
def test_values_and_gradients_are_near_those_of_the_reference(attention, heads, width, table_rows):
    problem = attention(150, heads, width, table_rows, dtype=torch.float32, extent=6)
    grad = torch.randn(150, heads, width, generator=torch.Generator().manual_seed(1))
    results = {}
    for precision in ('bfloat16', 'float32'):
        inputs = [tensor.detach().requires_grad_() for tensor in problem.inputs]
        out = attend(problem, inputs, problem.windows, precision)
        results[precision] = [out.detach(), *torch.autograd.grad(out, inputs, grad)]
    for name, narrow, exact in zip(('out', *NAMES), *results.values()):
        error = (narrow - exact).norm() / exact.norm()
        assert narrow.dtype == torch.float32 and 1e-5 < error < 1e-2, f'{name}: {error:.2e}'


@needs_bfloat16
@pytest.mark.parametrize('width', [3, 8])
def test_heads_of_up_to_eight_channels_are_not_rounded(attention, width):
    problem = attention(150, 6, width, (40, 40, 40, 32, 32, 32), dtype=torch.float32)
    outs = [attend(problem, problem.inputs, problem.windows, name) for name in ('bfloat16', 'float32')]
    assert torch.equal(*outs)


@needs_bfloat16
@pytest.mark.parametrize('which', range(3))
def test_a_bad_voxel_stays_in_its_window(attention, which):
    problem = attention(150, 3, 16, (7, 5, 3), dtype=torch.float32, extent=6)
    clean = attend(problem, problem.inputs, problem.windows, 'bfloat16')
    order, ptr = problem.windows.order, problem.windows.ptr
    own = order[ptr[1] : ptr[2]]
    problem.inputs[which][own[0], 1, 2] = torch.nan
    got = attend(problem, problem.inputs, problem.windows, 'bfloat16')
    others = torch.ones(150, dtype=torch.bool).index_fill_(0, own, False)
    assert got[own[0], 1].isnan().any() and torch.equal(got[others], clean[others])
    assert torch.equal(got[:, [0, 2]], clean[:, [0, 2]])


@needs_bfloat16
def test_any_number_of_threads_gives_the_same_bits(attention):
    problem = attention(3000, 3, 16, (7, 5, 3), dtype=torch.float32, extent=12)
    before, results = torch.get_num_threads(), []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            inputs = [tensor.detach().requires_grad_() for tensor in problem.inputs]
            out = attend(problem, inputs, problem.windows, 'bfloat16')
            results.append([out, *torch.autograd.grad(out.square().sum(), inputs)])
    finally:
        torch.set_num_threads(before)
    for other in results[1:]:
        assert all(map(torch.equal, results[0], other))


@needs_bfloat16
def test_argument_autocast_and_environment_choose_the_same(attention, monkeypatch):
    problem = attention(90, 3, 16, (7, 5, 3), dtype=torch.float32)
    run = lambda precision=None: attend(problem, problem.inputs, problem.windows, precision)  # noqa: E731
    exact, named = run(), run('bfloat16')
    with torch.autocast('cpu', dtype=torch.bfloat16):
        assert torch.equal(run(), named) and torch.equal(run('float32'), exact)
    monkeypatch.setenv('SWIN3D_PRECISION', 'bfloat16')
    assert torch.equal(run(), named) and not torch.equal(named, exact)


@pytest.mark.skipif(NO_LIBRARY is not None, reason=str(NO_LIBRARY))
@pytest.mark.parametrize('name', ['avx2', 'portable'])
def test_other_builds_and_float64_are_not_rounded(attention, use_isa, name):
    use_isa(name)
    for dtype in (torch.float32, torch.float64):
        problem = attention(60, 3, 16, (7, 5, 3), dtype=dtype)
        outs = [attend(problem, problem.inputs, problem.windows, which) for which in ('bfloat16', 'float32')]
        assert torch.equal(*outs)


def test_an_unknown_precision_is_told(attention):
    problem = attention(5, 1, 8, (4,))
    with pytest.raises(ValueError, match="precision must be one of .* got 'half'"):
        attend(problem, problem.inputs, problem.windows, 'half')
