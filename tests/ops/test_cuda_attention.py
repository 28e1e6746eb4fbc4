"""The CUDA window attention, its blocks emulated on the CPU, against the float64 reference."""

from __future__ import annotations

import shutil

import pytest
import torch
from swin3d_ops import WindowIndex
from swin3d_ops.window_attention import cuda_impl, cuda_shapes

pytestmark = pytest.mark.skipif(
    shutil.which('c++') is None and shutil.which('g++') is None,
    reason='the emulation needs a C++ compiler',
)
NAMES = ('out', 'q', 'k', 'v', 'q_table', 'k_table', 'v_table')
NINE_AXES = (56, 56, 56, 32, 32, 32, 32, 32, 32)


def run(problem, dtype):
    """Return the output and the six gradients of the CUDA back-end."""
    inputs = [tensor.to(dtype) for tensor in problem.inputs]
    scale = inputs[0].shape[2] ** -0.5
    structure = (problem.signals, problem.table_rows, problem.windows.order, problem.windows.ptr, scale)
    out, lse, exact = cuda_impl.forward(*inputs, *structure)
    kept = exact if exact.numel() else out
    return [out, *cuda_impl.backward(problem.grad_out.to(dtype), kept, lse, *inputs, *structure)]


def check(problem, dtype, tolerance):
    expected = problem.run_with_gradients('reference', torch.float64)
    for name, got, truth in zip(NAMES, run(problem, dtype), expected):
        assert got.dtype == dtype and got.shape == truth.shape, name
        if not truth.numel():
            continue
        # Gradients that cancel to zero are held to the size of the inputs.
        scale = truth.abs().max().clamp(min=0.1)
        error = float((got.double() - truth).abs().max() / scale)
        assert error <= tolerance, f'{name}: {error:.2e}'


def windows_of(sizes):
    """Deal shuffled voxels to windows of the given sizes."""
    ptr = torch.tensor([0, *sizes]).cumsum(0)
    count = int(ptr[-1])
    order = torch.randperm(count, generator=torch.Generator().manual_seed(1))
    return WindowIndex(order=order, ptr=ptr, cell=torch.zeros(count, 3, dtype=torch.int64))


@pytest.mark.parametrize(
    'heads, width, table_rows, window_size',
    [
        (2, 8, (40, 40, 40, 32, 32, 32), 5),
        (1, 16, NINE_AXES, 9),
        (3, 12, (5, 3, 200), 24),
        (1, 64, (40, 40, 40), 7),
    ],
)
def test_float64_equals_the_reference(emulated_gpu, attention, heads, width, table_rows, window_size):
    problem = attention(170, heads, width, table_rows, window_size=window_size)
    check(problem, torch.float64, 1e-12)


@pytest.mark.parametrize(
    'sizes', [(1,), (400,), (1,) * 90, (63, 1, 64, 2, 65, 129), (3, 200, 1, 1, 70, 62)], ids=str
)
def test_windows_of_any_size_share_blocks(emulated_gpu, attention, sizes):
    problem = attention(sum(sizes), 2, 8)
    problem.windows = windows_of(sizes)
    check(problem, torch.float64, 1e-12)


@pytest.mark.parametrize('sizes', [(0, 5, 0, 0, 70, 0), (0,), (0, 0)], ids=str)
def test_empty_windows_change_nothing(emulated_gpu, attention, sizes):
    problem = attention(max(1, sum(sizes)), 2, 8)
    count = sum(sizes)
    problem.inputs[:3] = [t[:count] for t in problem.inputs[:3]]
    problem.signals, problem.grad_out = problem.signals[:count], problem.grad_out[:count]
    problem.windows = windows_of(sizes)
    if count:
        check(problem, torch.float64, 1e-12)
    else:
        out, *grads = run(problem, torch.float64)
        assert out.shape == (0, 2, 8) and not any(grad.any() for grad in grads)


def test_no_signals(emulated_gpu, attention):
    check(attention(90, 2, 8, ()), torch.float64, 1e-12)


def test_window_of_a_thousand_voxels_in_float32(emulated_gpu, attention):
    problem = attention(1000, 1, 8, dtype=torch.float32)
    problem.windows = windows_of([1000])
    check(problem, torch.float32, 2e-5)


def test_float32_is_within_rounding(emulated_gpu, attention):
    check(attention(300, 2, 8, dtype=torch.float32), torch.float32, 5e-6)


@pytest.mark.parametrize('dtype, tolerance', [(torch.float16, 4e-3), (torch.bfloat16, 3e-2)])
def test_half_precision_accumulates_in_float32(emulated_gpu, attention, dtype, tolerance):
    check(attention(120, 2, 8, dtype=dtype), dtype, tolerance)


def test_signals_far_outside_the_tables_take_their_border_rows(emulated_gpu, attention):
    problem = attention(150, 2, 8)
    problem.signals = problem.signals * 1e6
    check(problem, torch.float64, 1e-12)


def test_double_signals_decide_rows_in_double(emulated_gpu, attention):
    problem = attention(120, 2, 8, dtype=torch.float32)
    # Half-way between rows up to less than the resolution of float32.
    problem.signals = (problem.signals.double() * 4).round() + 0.5 - 1e-12 * torch.arange(120)[:, None]
    check(problem, torch.float32, 5e-6)


@pytest.mark.parametrize('bad', [float('nan'), float('inf'), -float('inf')])
def test_signals_that_are_not_finite_read_the_rows_of_the_reference(emulated_gpu, attention, bad):
    problem = attention(80, 2, 8, window_size=9)
    problem.signals[3] = bad
    problem.signals[40, 1] = -bad
    check(problem, torch.float64, 1e-12)


def test_table_rows_beyond_shared_memory_are_taken_in_turns(emulated_gpu, attention, monkeypatch):
    monkeypatch.setattr(cuda_shapes, 'FEWEST_STORED_ROWS', 7)
    monkeypatch.setattr(cuda_impl, '_layout', cuda_impl._layout.__wrapped__)
    check(attention(150, 1, 16, NINE_AXES, window_size=9), torch.float64, 1e-12)


SHAPES = (cuda_shapes.PAIRED_SHAPE, *cuda_shapes.SMALL_SHAPES)


@pytest.mark.parametrize('shape', SHAPES, ids=str)
@pytest.mark.parametrize('width, table_rows', [(8, (40, 40, 40, 32, 32, 32)), (16, NINE_AXES)])
def test_blocks_of_every_shape_compute_the_same(
    emulated_gpu, attention, monkeypatch, shape, width, table_rows
):
    emulated_gpu.shared_limit = cuda_shapes.MOST_SHARED
    monkeypatch.setattr(cuda_shapes, 'shapes_for', lambda kernel, heads, width: (shape,))
    monkeypatch.setattr(cuda_impl, '_layout', cuda_impl._layout.__wrapped__)
    problem = attention(170, 2, width, table_rows, dtype=torch.float32)
    problem.windows = windows_of((63, 1, 2, 70, 30, 4))
    check(problem, torch.float32, 5e-6)


@pytest.mark.parametrize('kernel', cuda_shapes.PASSES)
@pytest.mark.parametrize('width, wanted', [(8, 120), (16, 198), (64, 70)])
def test_blocks_fit_the_memory_of_every_gpu(kernel, width, wanted):
    problem = cuda_shapes.Problem(width, axes=6, real=4, signal=4, wanted=wanted)
    for kilobytes in (227, 163, 99, 64):  # of compute capability 9.0, 8.0, 8.6 and 7.5
        shape = cuda_shapes.choose(kernel, 2, problem, kilobytes * 1024)
        sizes = cuda_shapes.fit(kernel, shape, problem, kilobytes * 1024)
        taken = cuda_shapes.shared_bytes(kernel, shape, problem, *sizes)
        assert taken * shape.blocks <= kilobytes * 1024 + cuda_shapes.RESERVED
        assert sizes[2] >= sizes[1] | 1  # one key at least


def test_too_little_shared_memory_is_said(emulated_gpu, attention):
    emulated_gpu.shared_limit = 8 * 1024
    with pytest.raises(ValueError, match='do not fit the shared memory of cpu with head width 8'):
        run(attention(10, 2, 8), torch.float32)


@pytest.mark.parametrize('dtype', [torch.float32, torch.float16])
def test_order_of_threads_and_blocks_does_not_change_a_bit(emulated_gpu, attention, dtype):
    problem = attention(200, 2, 8, dtype=dtype, window_size=9)
    forwards = run(problem, dtype)
    emulated_gpu.backwards = True
    for first, second in zip(forwards, run(problem, dtype)):
        assert torch.equal(first, second)


def test_no_voxels_give_empty_results_and_zero_table_gradients(emulated_gpu, attention):
    problem = attention(5, 2, 8)
    problem.windows = windows_of([])
    problem.inputs = [tensor[:0] for tensor in problem.inputs[:3]] + problem.inputs[3:]
    problem.signals, problem.grad_out = problem.signals[:0], problem.grad_out[:0]
    out, *grads = run(problem, torch.float64)
    assert out.shape == (0, 2, 8)
    assert all(torch.equal(grad, torch.zeros_like(x)) for grad, x in zip(grads, problem.inputs))


def test_slices_of_one_projection_need_no_copy(emulated_gpu, attention):
    problem = attention(100, 2, 8)
    dense = run(problem, torch.float64)
    problem.inputs[:3] = torch.stack(problem.inputs[:3], dim=1).unbind(1)
    assert not problem.inputs[0].is_contiguous()
    for got, expected in zip(run(problem, torch.float64), dense):
        assert torch.equal(got, expected)


def test_gradients_of_one_projection_are_slices_of_one_tensor(emulated_gpu, attention):
    grads = run(attention(20, 2, 8), torch.float32)[1:4]
    assert len({grad.untyped_storage().data_ptr() for grad in grads}) == 1
    assert [grad.storage_offset() for grad in grads] == [0, 16, 32] and grads[0].stride() == (48, 8, 1)


def test_windows_are_prepared_again_once_their_signals_change(emulated_gpu, attention):
    problem = attention(90, 2, 8)
    run(problem, torch.float64)
    problem.signals.mul_(1.5)
    check(problem, torch.float64, 1e-12)


@pytest.mark.parametrize('offset', [1, 2, 3])
def test_tables_that_lie_unaligned_are_read_right(emulated_gpu, attention, offset):
    problem = attention(60, 2, 8, dtype=torch.float32)
    for n in (3, 4, 5):
        room = torch.empty(problem.inputs[n].numel() + offset)
        problem.inputs[n] = room[offset:].view_as(problem.inputs[n]).copy_(problem.inputs[n])
    check(problem, torch.float32, 5e-6)


@pytest.mark.parametrize(
    'queries, table, said',
    [
        ((2**31, 1, 8), (4, 1, 8), 'up to 2147483647 voxels, got 2147483648'),
        ((4, 65536, 8), (4, 65536, 8), 'up to 65535 heads, got 65536'),
        ((4, 2048, 64), (32768, 2048, 64), 'up to 4294967295 table entries, got 4294967296'),
    ],
)
def test_what_32_bits_cannot_count_is_refused(queries, table, said):
    q, table = (torch.empty(1).expand(shape) for shape in (queries, table))
    assert said in cuda_impl.reason_against(q, q, q, table)


def test_wide_heads_are_refused(emulated_gpu, attention):
    with pytest.raises(ValueError, match='head width 64, got 216 and 65'):
        run(attention(4, 1, 65), torch.float32)
