"""NaN and infinity in every input of every op, on every back-end: they reach what they do in the reference.

Gradients may be infinite where the reference's are NaN, and the other way round: sums are taken in another
order. Tables meet voxels by twos in the kernels and all at once in the torch form, so a bad row may reach
further there.
"""

from __future__ import annotations

import functools
import shutil

import pytest
import torch
from swin3d_ops import KernelMap, available_backends, cpu_library, knn, sparse_conv, window_attention
from swin3d_ops.resample import cuda_impl as resample_cuda
from swin3d_ops.resample import gather_max, interpolate, linear_gather_max
from swin3d_ops.window_attention import cuda_impl as attention_cuda
from swin3d_ops.window_index import WindowIndex

BAD = [float('nan'), float('inf'), -float('inf')]
BACKENDS = ['torch', *cpu_library.ISA_FLAGS, 'cuda']
DTYPES = [torch.float32, torch.float64]


@pytest.fixture(params=BACKENDS)
def kernels(request, use_isa):
    """Name of the back-end; a build of the CPU kernels is made to serve, CUDA kernels run emulated."""
    if request.param == 'torch':
        return 'torch'
    if request.param == 'cuda':
        if shutil.which('c++') is None and shutil.which('g++') is None:
            pytest.skip('the emulation needs a C++ compiler')
        request.getfixturevalue('emulated_gpu')
        return 'cuda'
    use_isa(request.param)
    return 'cpu'


def spoil(tensors, which, bad, seed):
    """Copies of the tensors, one of which has one bad value."""
    tensors = [tensor.clone() for tensor in tensors]
    place = torch.randint(tensors[which].numel(), (1,), generator=torch.Generator().manual_seed(seed))
    tensors[which].view(-1)[place] = bad
    return tensors


def differentiated(function, inputs, grad_out, dtype):
    inputs = [tensor.to(dtype).requires_grad_() for tensor in inputs]
    out = function(*inputs)
    return [out.detach(), *torch.autograd.grad(out, inputs, grad_out.to(dtype))]


def assert_nothing_is_hidden(results, expected):
    for n, (got, truth) in enumerate(zip(results, expected)):
        assert not torch.isfinite(got[~truth.isfinite()]).any(), n
    assert results[0][expected[0].isnan()].isnan().all()


def assert_same_masks(results, expected):
    for n, (got, truth) in enumerate(zip(results, expected)):
        assert torch.equal(got.isfinite(), truth.isfinite()), n
    assert torch.equal(results[0].isnan(), expected[0].isnan())


class Scene:
    """Windows of several sizes, odd ones among them, with table rows that no pair uses."""

    table_rows = (6, 4, 1)

    def __init__(self, seed=0, sizes=(5, 1, 8, 3, 2)):
        generator = torch.Generator().manual_seed(seed)
        count, rows = sum(sizes), sum(self.table_rows)

        def draw(*shape):
            return torch.randn(*shape, 3, 5, generator=generator, dtype=torch.float64)

        self.inputs = [*(draw(count) for _ in range(3)), *(draw(rows) * 0.3 for _ in range(3)), draw(count)]
        signals = torch.rand(count, 3, generator=generator) * 2 - 1
        self.signals = signals * torch.tensor(self.table_rows) / 3
        ptr = torch.tensor([0, *sizes]).cumsum(0)
        order = torch.randperm(count, generator=generator)
        self.windows = WindowIndex(order, ptr, torch.zeros(count, 3).long())

    def run(self, kernels, inputs, dtype, scale=0.4):
        """Return the output and the six gradients; the last input is the gradient of the output."""
        *inputs, grad_out = inputs
        if kernels == 'cuda':
            inputs = [tensor.to(dtype) for tensor in inputs]
            structure = (self.signals, self.table_rows, self.windows.order, self.windows.ptr, scale)
            out, lse, exact = attention_cuda.forward(*inputs, *structure)
            kept = exact if exact.numel() else out
            return [out, *attention_cuda.backward(grad_out.to(dtype), kept, lse, *inputs, *structure)]

        def attend(*tensors):
            return window_attention(
                *tensors, self.signals, self.table_rows, self.windows, scale, backend=kernels
            )  # fmt: skip

        return differentiated(attend, inputs, grad_out, dtype)


@functools.cache
def spoilt_scene(which, bad):
    """A scene, its inputs with a bad value, and what the reference makes of them."""
    scene = Scene(which)
    inputs = spoil(scene.inputs, which, bad, which)
    return scene, inputs, scene.run('reference', inputs, torch.float64)


@pytest.mark.parametrize('which', range(7), ids='q k v q_table k_table v_table grad_out'.split())
def test_attention_hides_nothing(kernels, which):
    for bad in BAD:
        scene, inputs, expected = spoilt_scene(which, bad)
        for dtype in DTYPES:
            assert_nothing_is_hidden(scene.run(kernels, inputs, dtype), expected)


@pytest.mark.parametrize('scale', BAD)
def test_a_scale_that_is_not_finite_spoils_every_output(kernels, scale):
    scene = Scene()
    out, *_ = scene.run(kernels, scene.inputs, torch.float32, scale)
    assert out.isnan().all()


@pytest.mark.parametrize('which', [0, 1, 2, 6], ids='q k v grad_out'.split())
def test_other_windows_and_heads_stay_clean(kernels, which):
    scene = Scene()
    clean = scene.run(kernels, scene.inputs, torch.float64)
    start, stop = scene.windows.ptr[2:4]
    for bad in BAD:
        inputs = [tensor.clone() for tensor in scene.inputs]
        inputs[which][scene.windows.order[start], 1, 2] = bad
        spoilt = scene.run(kernels, inputs, torch.float64)
        for got, expected in zip(spoilt[:4], clean[:4]):
            others = torch.ones(len(got), 3, dtype=torch.bool)
            others[scene.windows.order[start:stop], 1] = False
            torch.testing.assert_close(got[others], expected[others])


def test_a_logit_of_minus_infinity_has_weight_zero(kernels):
    """Half of the keys of a long window, and of one of an odd size, lie infinitely far."""
    scene = Scene(sizes=(150, 7))
    inputs = [tensor.abs() + 0.1 for tensor in scene.inputs]
    far = torch.cat([scene.windows.order[:75], scene.windows.order[153:]])
    inputs[1][far] = -torch.inf
    expected = scene.run('reference', inputs, torch.float64)
    near = torch.ones(157, dtype=torch.bool)
    near[far] = False
    assert expected[0].isfinite().all() and not expected[3][far].any()
    for dtype in DTYPES:
        got = scene.run(kernels, inputs, dtype)
        torch.testing.assert_close(got[0].double(), expected[0], rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(got[2].double(), expected[2], rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(got[3].double(), expected[3], rtol=1e-4, atol=1e-4)


def test_logits_beyond_float32_are_infinite(kernels):
    scene = Scene()
    inputs = [tensor.clone() for tensor in scene.inputs]
    inputs[0], inputs[1] = inputs[0] * 1e25, inputs[1] * 1e25
    out, *_ = scene.run(kernels, inputs, torch.float32)
    truth, *_ = scene.run(kernels, inputs, torch.float64)
    assert truth.isfinite().all()
    assert out.isnan().any() and (out.isnan() | (out.double() - truth).abs().le(1e-5)).all()


def resampling_problem(seed=0):
    """Features, matrix, weights, gradients of both widths, and an index that leaves rows unused."""
    generator = torch.Generator().manual_seed(seed)
    shapes = ((20, 19), (6, 19), (15, 4), (15, 19), (15, 6))
    tensors = [torch.randn(*shape, generator=generator, dtype=torch.float64) for shape in shapes]
    return tensors, torch.randint(0, 17, (15, 4), generator=generator)


def run_max(kernels, feats, grad_out, index, dtype):
    if kernels == 'cuda':
        out, choice = resample_cuda.max_forward(feats.to(dtype), index)
        return [out, resample_cuda.max_backward(grad_out.to(dtype), index, choice, len(feats))]
    return differentiated(lambda x: gather_max(x, index, backend=kernels), [feats], grad_out, dtype)


@pytest.mark.parametrize('dtype', DTYPES)
def test_maxima_and_their_gradients_are_spoilt_alike(kernels, dtype):
    (feats, *_, grad_out, _), index = resampling_problem()
    for bad in BAD:
        for which in range(2):
            for seed in range(2):
                tensors = spoil((feats, grad_out), which, bad, seed)
                expected = run_max('reference', *tensors, index, torch.float64)
                assert_same_masks(run_max(kernels, *tensors, index, dtype), expected)


def test_the_first_nan_of_several_takes_the_gradient(kernels):
    feats = torch.tensor([[1.0], [torch.nan], [torch.inf], [torch.nan], [-torch.inf]])
    index = torch.tensor([[0, 2, 3, 1], [2, 2, 0, 4], [4, 4, 4, 4]])
    out, grad = run_max(kernels, feats, torch.tensor([[1.0], [2.0], [4.0]]), index, torch.float32)
    assert out[0].isnan() and out[1:].tolist() == [[torch.inf], [-torch.inf]]
    assert grad.flatten().tolist() == [0, 0, 2, 1, 4]


@pytest.mark.parametrize('shared_rows', [0, 99], ids=['kept products', 'products of gathered rows'])
def test_maxima_of_products_are_spoilt_alike(kernels, monkeypatch, shared_rows):
    from swin3d_ops.resample import cpu_impl

    if kernels == 'cuda':
        pytest.skip('a product of torch and the maximum above')
    monkeypatch.setattr(cpu_impl, 'SHARED_ROWS', shared_rows)
    (feats, matrix, _, _, grad_out), index = resampling_problem()

    def run(name, inputs, dtype):
        *inputs, grad = inputs
        return differentiated(lambda x, w: linear_gather_max(x, w, index, backend=name), inputs, grad, dtype)

    compare = assert_nothing_is_hidden if kernels == 'torch' else assert_same_masks
    for bad in BAD:
        for which in range(3):
            for seed in range(2):
                inputs = spoil((feats, matrix, grad_out), which, bad, seed)
                expected = run('reference', inputs, torch.float64)
                for dtype in DTYPES:
                    compare(run(kernels, inputs, dtype), expected)


@pytest.mark.parametrize('dtype', DTYPES)
def test_weighted_sums_are_spoilt_alike(kernels, dtype):
    (feats, _, weight, grad_out, _), index = resampling_problem()
    weight[3:6] = 0  # 0 times NaN is NaN

    def run(name, inputs, dtype):
        feats, weight, grad = (tensor.to(dtype) for tensor in inputs)
        if name == 'cuda':
            out = resample_cuda.sum_forward(feats, index, weight)
            grad_feats = resample_cuda.sum_feats_grad(grad, index, weight, len(feats), dtype)
            return [out, grad_feats, resample_cuda.sum_weight_grad(grad, feats, index)]
        return differentiated(
            lambda x, w: interpolate(x, index, w, backend=name), (feats, weight), grad, dtype
        )  # fmt: skip

    for bad in BAD:
        for which in range(3):
            for seed in range(2):
                inputs = spoil((feats, weight, grad_out), which, bad, seed)
                assert_same_masks(run(kernels, inputs, dtype), run('reference', inputs, torch.float64))


@pytest.fixture(params=['torch', *cpu_library.ISA_FLAGS, 'spconv'])
def convolution(request, use_isa):
    """Name of a back-end of sparse convolution for the CPU."""
    reason = available_backends('sparse_conv').get(request.param)
    if reason is not None:
        pytest.skip(reason)
    if request.param in cpu_library.ISA_FLAGS:
        use_isa(request.param)
        return 'cpu'
    return request.param


@pytest.mark.parametrize('dtype', DTYPES)
def test_convolutions_are_spoilt_alike(convolution, dtype):
    generator = torch.Generator().manual_seed(0)
    source, target = (
        torch.cat([torch.randperm(rows, generator=generator)[:n] for n in (9, 0, 11)]).int()
        for rows in (13, 21)
    )
    kernel_map = KernelMap.ordered(source, target, [9, 0, 11], 13, 21)
    shapes = ((13, 5), (3, 5, 18), (21, 18))
    tensors = [torch.randn(*shape, generator=generator, dtype=torch.float64) for shape in shapes]

    def run(backend, inputs, grad, dtype):
        return differentiated(lambda x, w: sparse_conv(x, w, kernel_map, backend), inputs, grad, dtype)

    for bad in BAD:
        for which in range(3):
            for seed in range(2):
                *inputs, grad = spoil(tensors, which, bad, seed)
                expected = run('reference', inputs, grad, torch.float64)
                assert_same_masks(run(convolution, inputs, grad, dtype), expected)


@pytest.mark.parametrize('bad', BAD)
@pytest.mark.parametrize('name', ['query', 'source'])
def test_positions_that_are_not_finite_are_refused(name, bad):
    points = dict(query=torch.zeros(5, 3), source=torch.zeros(4, 3))
    points[name][2, 1] = bad
    with pytest.raises(ValueError, match=f'{name} must be finite, got NaN or infinity'):
        knn(**points, k=2, query_ptr=torch.tensor([0, 5]), source_ptr=torch.tensor([0, 4]))
