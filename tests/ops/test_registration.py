"""The operators in torch: opcheck, whole-graph compilation, autocast, threads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import swin3d_ops
import torch
from swin3d_ops import available_backends, knn, sparse_conv
from swin3d_ops.neighbors import kernel_map_between
from swin3d_ops.resample import gather_max, interpolate, linear_gather_max

pytestmark = pytest.mark.skipif(
    available_backends('window_attention')['cpu'] is not None,
    reason=str(available_backends('window_attention')['cpu']),
)


def operator_arguments(problem):
    inputs = [t.requires_grad_() for t in problem.inputs]
    windows = problem.windows
    return (*inputs, problem.signals, list(problem.table_rows), windows.order, windows.ptr, 0.3, False)


def test_opcheck_of_window_attention(attention):
    problem = attention(24, 2, 8, (6, 4), dtype=torch.float32)
    torch.library.opcheck(torch.ops.swin3d.window_attention.default, operator_arguments(problem))


def test_opcheck_of_neighbours_and_resampling():
    points = torch.rand(30, 3, generator=torch.Generator().manual_seed(0))
    ptr = torch.tensor([0, 30])
    torch.library.opcheck(torch.ops.swin3d.knn.default, (points, points, 3, ptr, ptr))
    index = torch.arange(24).view(8, 3)
    feats = points.clone().requires_grad_()
    weight = torch.rand(8, 3, generator=torch.Generator().manual_seed(1)).requires_grad_()
    torch.library.opcheck(torch.ops.swin3d.gather_max.default, (feats, index))
    matrix = torch.rand(5, 3, generator=torch.Generator().manual_seed(2)).requires_grad_()
    torch.library.opcheck(torch.ops.swin3d.linear_gather_max.default, (feats, matrix, index))
    torch.library.opcheck(torch.ops.swin3d.interpolate.default, (feats, index, weight))


def test_whole_graph_compilation_equals_eager(attention):
    problem = attention(60, 2, 8, (8, 8, 8), dtype=torch.float32)

    def block(weight, *inputs):
        out = problem.run('auto', [inputs[0] @ weight, *inputs[1:]])
        return torch.nn.functional.gelu(out @ weight)

    weight = torch.eye(8) * 0.5
    compiled = torch.compile(block, fullgraph=True, backend='aot_eager')
    results = []
    for function in (block, compiled):
        inputs = [t.detach().clone().requires_grad_() for t in problem.inputs]
        out = function(weight, *inputs)
        results.append([out, *torch.autograd.grad(out.square().sum(), inputs)])
    for eager, graph in zip(*results):
        torch.testing.assert_close(graph, eager)


@pytest.mark.parametrize('backend', ['cpu', 'torch', 'reference'])
def test_autocast_computes_in_float32(attention, backend):
    problem = attention(60, 2, 8, dtype=torch.float32)
    narrow = [t.bfloat16() for t in problem.inputs[:3]]
    tables = problem.inputs[3:]
    with torch.autocast('cpu', dtype=torch.bfloat16):
        got = problem.run(backend, [*narrow, *tables])
    assert got.dtype == torch.float32
    torch.testing.assert_close(got, problem.run(backend, [*(t.float() for t in narrow), *tables]))


@pytest.mark.parametrize('backend', ['cpu', 'torch', 'reference'])
def test_autocast_of_resampling_and_convolution_computes_in_float32(backend):
    generator = torch.Generator().manual_seed(0)
    feats, weight = (torch.randn(*shape, generator=generator).bfloat16() for shape in ((10, 6), (27, 6, 4)))
    index, matrix = torch.arange(24).view(8, 3) % 10, torch.randn(5, 6, generator=generator)
    voxels = torch.arange(40).view(10, 4) // 4 % torch.tensor([1, 2, 3, 4])
    kernel_map = kernel_map_between(voxels, voxels, 3)
    calls = (
        (gather_max, (feats, index)),
        (interpolate, (feats, index, torch.rand(8, 3, generator=generator))),
        (linear_gather_max, (feats, matrix.bfloat16(), index)),
        (sparse_conv, (feats, weight, kernel_map)),
        (sparse_conv, (feats, weight.float(), kernel_map)),
    )
    for op, arguments in calls:
        with torch.autocast('cpu', dtype=torch.bfloat16):
            got = op(*arguments, backend=backend)
        wide = [a.float() if torch.is_tensor(a) and a.dtype == torch.bfloat16 else a for a in arguments]
        assert got.dtype == torch.float32
        torch.testing.assert_close(got, op(*wide, backend=backend), rtol=1e-6, atol=1e-6)


def test_any_number_of_threads_gives_the_same_bits(attention):
    problem = attention(1500, 6, 8, dtype=torch.float32, extent=8)
    feats = torch.randn(500, 40, generator=torch.Generator().manual_seed(0)).requires_grad_()
    points = torch.rand(500, 3, generator=torch.Generator().manual_seed(1))
    bounds = torch.tensor([0, 500])
    before, results = torch.get_num_threads(), []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            index, distance = knn(points, points, 5, bounds, bounds, backend='cpu')
            pooled = gather_max(feats, index, backend='cpu')
            summed = interpolate(feats, index, distance, backend='cpu')
            grads = torch.autograd.grad((pooled * summed).sum(), feats)
            results.append([*problem.run_with_gradients('cpu'), index, pooled, summed, *grads])
    finally:
        torch.set_num_threads(before)
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other))


OLD_TORCH = """
import sys, torch, torch._dynamo, torch.distributed.tensor
library = torch.library
names = ('register_fake', 'register_autograd', 'register_autocast', 'register_kernel', 'custom_op')
hidden = {name: getattr(library, name) for name in names if hasattr(library, name)}
for name in hidden:
    delattr(library, name)
library.impl_abstract = hidden['register_fake']
sys.path.insert(0, sys.argv[1])
from swin3d_ops import WindowIndex, window_attention
from swin3d_ops.resample import interpolate
for name, function in hidden.items():  # torch itself needs them
    setattr(library, name, function)
generator = torch.Generator().manual_seed(0)
inputs = [torch.randn(9, 2, 8, generator=generator) for _ in range(3)]
inputs += [torch.randn(12, 2, 8, generator=generator) for _ in range(3)]
inputs = [t.requires_grad_() for t in inputs]
windows = WindowIndex(torch.arange(9), torch.tensor([0, 4, 9]), torch.zeros(9, 3).long())
signals = torch.rand(9, 2, generator=generator) * 5
results = []
for backend in ('cpu', 'reference'):
    out = window_attention(*inputs, signals, (7, 5), windows, backend=backend)
    results.append([out, *torch.autograd.grad(out.square().sum(), inputs)])
    feats, weight = inputs[0].flatten(1), torch.rand(4, 3, generator=generator.manual_seed(1))
    sums = interpolate(feats, torch.arange(12).view(4, 3) % 9, weight, backend=backend)
    results[-1] += [sums, *torch.autograd.grad(sums.square().sum(), inputs[:1])]
for got, expected in zip(*results):
    assert (got - expected).abs().max() <= 1e-5 * expected.abs().max()
print('equal')
"""


def test_operators_register_where_only_define_and_impl_exist():
    ops = Path(swin3d_ops.__file__).parents[1]
    done = subprocess.run([sys.executable, '-c', OLD_TORCH, str(ops)], capture_output=True, text=True)
    assert done.stdout.strip() == 'equal', done.stderr[-800:]
