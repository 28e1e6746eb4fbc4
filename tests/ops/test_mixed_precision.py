"""16-bit features beside float32 tables and weights: precision of the results, and the rule of autocast."""

from __future__ import annotations

import pytest
import torch
from kernels_on_cpu import cuda_kernels, needs_compiler
from swin3d_ops.op import declared
from swin3d_ops.resample import gather_max, interpolate, linear_gather_max
from torch.utils._python_dispatch import TorchDispatchMode

ROUNDING = {torch.float16: 2**-11, torch.bfloat16: 2**-8, torch.float32: 5e-6}
NAMES = ('out', 'q', 'k', 'v', 'q_table', 'k_table', 'v_table')
HALVES = [torch.float16, torch.bfloat16]


@pytest.fixture(params=['torch', 'cpu', pytest.param('cuda', marks=needs_compiler)])
def kernels(request):
    """Name of a back-end for tensors on the CPU; behind 'cpu' are the CUDA kernels in the third case."""
    if request.param != 'cuda':
        yield request.param
        return
    with cuda_kernels():
        yield 'cpu'


class Copies(TorchDispatchMode):
    """Sizes of the tensors of floats that were copied into another dtype."""

    def __init__(self):
        super().__init__()
        self.elements = []

    def __torch_dispatch__(self, function, types, arguments=(), named=None):
        named = named or {}
        if function is torch.ops.aten._to_copy.default and named.get('dtype') not in (
            None,
            arguments[0].dtype,
        ):
            self.elements.append(arguments[0].numel())
        return function(*arguments, **named)


def mixed(problem, dtype):
    """Return q, k, v in a dtype and the tables in float32, as leaves."""
    tensors = [t.to(dtype) for t in problem.inputs[:3]] + [t.float() for t in problem.inputs[3:]]
    return [tensor.requires_grad_() for tensor in tensors]


def solve(problem, backend, inputs, grad_out):
    out = problem.run(backend, inputs)
    return [out.detach(), *torch.autograd.grad(out, inputs, grad_out)]


def check_against_float64(problem, inputs, grad_out, results):
    """Hold results to the rounding of their own dtypes; the inputs are those of the truth, to the bit."""
    truths = solve(
        problem, 'reference', [t.detach().double().requires_grad_() for t in inputs], grad_out.double()
    )
    for name, got, truth, like in zip(NAMES, results, truths, (inputs[0], *inputs)):
        assert got.dtype == like.dtype, name
        error = float((got.detach().double() - truth).abs().max() / truth.abs().max())
        assert error <= ROUNDING[got.dtype], f'{name}: {error:.1e}'


@pytest.mark.parametrize('dtype', HALVES)
@pytest.mark.parametrize('heads, width, window_size', [(2, 8, 5), (1, 16, 9), (3, 5, 2)])
def test_tables_and_their_gradients_stay_float32(attention, kernels, dtype, heads, width, window_size):
    problem = attention(170, heads, width, window_size=window_size)
    inputs, grad_out = mixed(problem, dtype), problem.grad_out.to(dtype)
    results = solve(problem, kernels, inputs, grad_out)
    check_against_float64(problem, inputs, grad_out, results)


def test_reference_sums_16_bit_queries_in_the_type_of_the_tables(attention):
    problem = attention(60, 2, 8)
    inputs, grad_out = mixed(problem, torch.float16), problem.grad_out.half()
    check_against_float64(problem, inputs, grad_out, solve(problem, 'reference', inputs, grad_out))


def test_opcheck_of_16_bit_queries_and_float32_tables(attention):
    problem = attention(24, 2, 8, (6, 4), dtype=torch.float32)
    windows = problem.windows
    structure = problem.signals, list(problem.table_rows), windows.order, windows.ptr, 0.3, False
    inputs = mixed(problem, torch.bfloat16)
    torch.library.opcheck(torch.ops.swin3d.window_attention.default, (*inputs, *structure))


@pytest.mark.parametrize(
    'dtypes, message',
    [
        ((torch.float16, torch.float64), 'q_table must have the dtype of q, torch.float16, or float32'),
        ((torch.float16, torch.bfloat16), 'q_table must have the dtype of q, torch.float16, or float32'),
        ((torch.float32, torch.float16), 'q_table must have the dtype of q, torch.float32, got'),
        ((torch.float64, torch.float32), 'q_table must have the dtype of q, torch.float64, got'),
    ],
)
def test_tables_of_other_dtypes_are_refused(attention, dtypes, message):
    problem = attention(20, 2, 8)
    inputs = [t.to(dtypes[0]) for t in problem.inputs[:3]] + [t.to(dtypes[1]) for t in problem.inputs[3:]]
    with pytest.raises(TypeError, match=message):
        problem.run('torch', inputs)


def test_tables_are_of_one_dtype(attention):
    problem = attention(20, 2, 8, dtype=torch.float16)
    problem.inputs[5] = problem.inputs[5].float()
    with pytest.raises(TypeError, match='v_table must have the dtype of q_table, torch.float16'):
        problem.run('torch')


@pytest.mark.parametrize('dtype', HALVES)
def test_autocast_on_a_gpu_reads_queries_as_they_are(attention, gpu_rule, kernels, dtype):
    problem = attention(60, 2, 8)
    inputs, grad_out = mixed(problem, dtype), problem.grad_out.to(dtype)
    expected = solve(problem, kernels, inputs, grad_out)
    with torch.autocast('cpu', dtype):
        out = problem.run(kernels, inputs)
    got = [out, *torch.autograd.grad(out, inputs, grad_out)]
    assert [t.dtype for t in got] == [dtype] * 4 + [torch.float32] * 3
    assert all(map(torch.equal, got, expected))


@pytest.mark.parametrize('dtype', HALVES)
@pytest.mark.parametrize('kernels', ['cuda'], indirect=True)
def test_cuda_kernels_take_queries_and_tables_without_a_copy(attention, gpu_rule, kernels, dtype):
    problem = attention(170, 2, 8)
    inputs, grad_out = mixed(problem, dtype), problem.grad_out.to(dtype)
    with torch.autocast('cpu', dtype), Copies() as copies:
        out = problem.run(kernels, inputs)
    with copies:
        torch.autograd.grad(out, inputs, grad_out)
    assert not copies.elements


@pytest.mark.parametrize(
    'value, table, expected', [(6e4, 0.0, 6e4), (6e4, 3e3, torch.inf), (-6e4, -3e3, -torch.inf)]
)
def test_values_near_the_range_of_float16(attention, kernels, value, table, expected):
    problem = attention(60, 2, 8, (6, 4))
    inputs = mixed(problem, torch.float16)
    with torch.no_grad():
        inputs[0].mul_(300)  # logits of some 1e5, which float16 does not hold
        inputs[1].mul_(300)
        inputs[2].fill_(value)
        inputs[5].fill_(table)
    out = problem.run(kernels, inputs)
    assert out.eq(torch.tensor(expected).half()).all()


@pytest.mark.parametrize('scale', [1.0, 2.0**14])
def test_gradients_beyond_the_range_of_float16_are_infinite(attention, kernels, scale):
    problem = attention(120, 2, 8)
    inputs = mixed(problem, torch.float16)
    grad_out = (problem.grad_out * scale).half()
    grads = solve(problem, kernels, inputs, grad_out)[1:]
    wide = [tensor.detach().double().requires_grad_() for tensor in inputs]
    truths = solve(problem, 'reference', wide, grad_out.double())[1:]
    overflow = False
    for got, truth in zip(grads, truths):
        beyond = truth.abs() > torch.finfo(got.dtype).max * 1.01
        within = truth.abs() < torch.finfo(got.dtype).max * 0.99
        overflow |= bool(beyond.any())
        assert torch.equal(got[beyond].double(), truth[beyond].sign() * torch.inf)
        assert got[within].isfinite().all()
    assert overflow == (scale > 1)


def resampled(dtype=torch.float32):
    generator = torch.Generator().manual_seed(0)
    feats = torch.randn(40, 7, generator=generator).to(dtype)
    index = torch.randint(0, 40, (90, 4), generator=generator)
    return feats, index, torch.rand(90, 4, generator=generator), torch.randn(5, 7, generator=generator)


@pytest.mark.parametrize('dtype', HALVES)
def test_weighted_sums_of_16_bit_rows_are_float32(kernels, gpu_rule, dtype):
    feats, index, weight, _ = resampled(dtype)
    leaves = [feats.requires_grad_(), weight.requires_grad_()]
    wide = [leaf.detach().double().requires_grad_() for leaf in leaves]
    truth = interpolate(wide[0], index, wide[1], backend='reference')
    with torch.autocast('cpu', dtype):
        out = interpolate(leaves[0], index, leaves[1], backend=kernels)
    grad_out = torch.randn(out.shape, generator=torch.Generator().manual_seed(1))
    results = out, *torch.autograd.grad(out, leaves, grad_out)
    truths = truth, *torch.autograd.grad(truth, wide, grad_out.double())
    assert [t.dtype for t in results] == [torch.float32, dtype, torch.float32]
    for got, expected in zip(results, truths):
        assert (got - expected).abs().max() <= ROUNDING[got.dtype] * expected.abs().max()


@pytest.mark.parametrize('dtype', HALVES)
def test_weighted_sums_have_the_dtype_of_the_rows_without_autocast(kernels, dtype):
    feats, index, weight, _ = resampled(dtype)
    out = interpolate(feats, index, weight, backend=kernels)
    truth = interpolate(feats.double(), index, weight.double(), backend='reference')
    assert out.dtype == dtype
    assert (out - truth).abs().max() <= ROUNDING[dtype] * truth.abs().max()


@pytest.mark.parametrize('dtype', HALVES)
def test_product_under_a_maximum_is_that_of_a_linear_layer(kernels, gpu_rule, dtype):
    feats, index, _, matrix = resampled()
    leaves = [feats.requires_grad_(), matrix.requires_grad_()]
    with torch.autocast('cpu', dtype):
        product = torch.nn.functional.linear(*leaves)
        out = linear_gather_max(leaves[0], leaves[1], index, backend=kernels)
    assert product.dtype == dtype and out.dtype == torch.float32
    rounding = ROUNDING[dtype] * float(product.detach().abs().max())
    assert (out - product[index].amax(1)).abs().max() <= 2 * rounding
    grads = torch.autograd.grad(out, leaves, torch.ones_like(out))
    expected = torch.autograd.grad(product[index].amax(1).float(), leaves, torch.ones_like(out))
    assert all(grad.dtype == torch.float32 for grad in grads)
    for got, truth in zip(grads, expected):
        assert (got - truth).abs().mean() <= 8 * ROUNDING[dtype] * truth.abs().max()


@pytest.mark.parametrize('dtype', HALVES)
def test_maximum_under_autocast_is_one_of_the_rows(kernels, gpu_rule, dtype):
    feats, index, _, _ = resampled(dtype)
    with torch.autocast('cpu', dtype):
        out = gather_max(feats, index, backend=kernels)
    assert out.dtype == dtype and torch.equal(out, feats[index].amax(1))


def test_float64_is_not_narrowed(attention, gpu_rule):
    feats, index, _, matrix = resampled(torch.float64)
    problem = attention(40, 2, 8)
    with torch.autocast('cpu', torch.bfloat16):
        got = linear_gather_max(feats, matrix.double(), index, backend='torch')
        out = problem.run('torch')
    assert torch.equal(got, linear_gather_max(feats, matrix.double(), index, backend='torch'))
    assert torch.equal(out, problem.run('torch'))


def test_operand_that_is_no_tensor_is_named_under_autocast(gpu_rule):
    feats, index, _, _ = resampled()
    with torch.autocast('cpu', torch.bfloat16), pytest.raises(TypeError, match='weight must be a tensor'):
        linear_gather_max(feats, None, index)


@pytest.mark.parametrize('wanted', ['feats', 'weight', 'both'])
def test_only_gradients_that_are_wanted_are_computed(wanted, monkeypatch):
    feats, index, weight, _ = resampled()
    leaves = [tensor for name, tensor in (('feats', feats), ('weight', weight)) if wanted in (name, 'both')]
    for leaf in leaves:
        leaf.requires_grad_()
    called = []

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(self, function, types, arguments=(), named=None):
            if function.namespace == 'swin3d':
                called.append(str(function))
            return function(*arguments, **(named or {}))

    assert declared()['interpolate'].choose('cpu', 'cpu') == 'cpu'
    out = interpolate(feats, index, weight, backend='cpu')
    with Watch():
        grads = torch.autograd.grad(out.sum(), leaves)
    of = {'feats': ['feats'], 'weight': ['weight'], 'both': ['feats', 'weight']}[wanted]
    assert called == [f'swin3d.interpolate_{name}_grad.default' for name in of]
    wide = [tensor.detach().double().requires_grad_() for tensor in (feats, weight)]
    truths = torch.autograd.grad(interpolate(wide[0], index, wide[1], backend='reference').sum(), wide)
    for grad, truth in zip(grads, (truths if wanted == 'both' else [truths[wanted == 'weight']])):
        torch.testing.assert_close(grad.double(), truth, rtol=1e-6, atol=1e-6)


def test_features_are_not_kept_for_weights_without_a_gradient():
    feats, index, weight, _ = resampled()
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t.shape), lambda t: t):
        interpolate(feats.requires_grad_(), index, weight, backend='cpu')
    assert sorted(map(tuple, kept)) == [(90, 4), (90, 4)]
