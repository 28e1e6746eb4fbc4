"""Window attention of every back-end against the float64 reference, values and gradients."""

from __future__ import annotations

import pytest
import swin3d_ops
import torch
from swin3d_ops.window_attention.table_rows import table_row

NAMES = ('out', 'q', 'k', 'v', 'q_table', 'k_table', 'v_table')


def check(problem, backend, dtype, tolerance):
    expected = problem.run_with_gradients('reference', torch.float64)
    got = problem.run_with_gradients(backend, dtype)
    for name, value, truth in zip(NAMES, got, expected):
        assert value.dtype == dtype and value.shape == truth.shape, name
        if not truth.numel():
            continue
        error = (value.double() - truth).abs().max() / truth.abs().max().clamp(min=1e-30)
        assert error <= tolerance, f'{name}: {error:.2e}'


@pytest.mark.parametrize('heads, width', [(1, 8), (3, 16), (6, 8), (2, 5), (9, 3), (1, 64)])
@pytest.mark.parametrize('table_rows', [(40, 40, 40), (56, 56, 56, 32, 32, 32, 32, 32, 32)])
def test_float64_equals_the_reference(attention, window_attention_backend, heads, width, table_rows):
    problem = attention(150, heads, width, table_rows)
    check(problem, window_attention_backend, torch.float64, 1e-12)


@pytest.mark.parametrize('window_size', [2, 7])
def test_float32_is_within_rounding(attention, window_attention_backend, window_size):
    problem = attention(400, 6, 8, window_size=window_size, dtype=torch.float32, extent=6)
    check(problem, window_attention_backend, torch.float32, 5e-6)


@pytest.mark.parametrize('dtype, tolerance', [(torch.float16, 4e-3), (torch.bfloat16, 3e-2)])
def test_half_precision_accumulates_in_float32(attention, window_attention_backend, dtype, tolerance):
    problem = attention(120, 2, 8, dtype=dtype)
    check(problem, window_attention_backend, dtype, tolerance)


def test_gradients_of_tables_of_16_bits_are_sums_of_32(attention):
    exact, narrow = (
        attention(400, 1, 8, (3,), window_size=12, dtype=dtype) for dtype in (torch.float64, torch.bfloat16)
    )
    grads = []
    for problem in (exact, narrow):
        leaves = [tensor.to(torch.bfloat16).to(problem.inputs[0].dtype) for tensor in problem.inputs]
        leaves = [tensor.requires_grad_() for tensor in leaves]
        out = swin3d_ops.window_attention(
            *leaves, problem.signals, (3,), problem.windows, backend='reference'
        )
        grads.append(torch.autograd.grad(out.sum(), leaves[-1])[0].double())
    torch.testing.assert_close(grads[1], grads[0], rtol=0.01, atol=0)


@pytest.mark.parametrize('table_rows', [(7, 5, 3), (1, 2, 90), (200, 70, 128, 33), (4,), (24,) * 7])
def test_tables_of_any_length_and_number(attention, window_attention_backend, table_rows):
    check(attention(150, 2, 8, table_rows), window_attention_backend, torch.float64, 1e-12)


def test_giant_window_of_1000_tokens(attention, one_window, window_attention_backend):
    problem = attention(1000, 1, 8, (40, 40, 40), extent=20)
    problem.windows = one_window(1000)
    check(problem, window_attention_backend, torch.float64, 1e-12)


@pytest.mark.parametrize('num_voxels', [0, 1, 2])
def test_empty_and_single_voxels_are_finite(attention, window_attention_backend, num_voxels):
    problem = attention(num_voxels, 2, 8)
    for value in problem.run_with_gradients(window_attention_backend):
        assert torch.isfinite(value).all()
    if num_voxels:
        check(problem, window_attention_backend, torch.float64, 1e-12)


def test_lone_voxel_returns_value_plus_central_rows(attention, window_attention_backend):
    problem = attention(1, 2, 8, (40, 6))
    v, v_table = problem.inputs[2], problem.inputs[5]
    out = problem.run(window_attention_backend)
    torch.testing.assert_close(out, v + v_table[20] + v_table[40 + 3])


def test_signals_far_outside_the_tables_stay_finite(attention, window_attention_backend):
    problem = attention(100, 2, 8, dtype=torch.float32)
    problem.signals = problem.signals * 1e9
    check(problem, window_attention_backend, torch.float32, 5e-6)


def test_large_logits_do_not_overflow(attention, window_attention_backend):
    problem = attention(100, 2, 8, dtype=torch.float32)
    problem.inputs[0] = problem.inputs[0] * 300
    problem.inputs[1] = problem.inputs[1] * 300
    for value in problem.run_with_gradients(window_attention_backend):
        assert torch.isfinite(value).all()


def test_scale_multiplies_query_terms_only(attention, window_attention_backend):
    problem = attention(60, 2, 8)
    q, *rest = problem.inputs
    scaled = problem.run(window_attention_backend, [q * 0.25, *rest], scale=1.0)
    torch.testing.assert_close(problem.run(window_attention_backend, scale=0.25), scaled)


def test_gradcheck(attention, window_attention_backend):
    problem = attention(8, 2, 3, (6, 4), window_size=7, extent=3)
    inputs = [t.requires_grad_() for t in problem.inputs]
    assert torch.autograd.gradcheck(lambda *args: problem.run(window_attention_backend, args), inputs)


def test_permuted_rows_permute_the_output(attention, window_attention_backend):
    problem = attention(200)
    shuffle = torch.randperm(len(problem.coords), generator=torch.Generator().manual_seed(1))
    windows = swin3d_ops.partition_windows(problem.coords[shuffle], 5, 2)
    q, k, v, *tables = problem.inputs
    got = problem.run(
        window_attention_backend, [q[shuffle], k[shuffle], v[shuffle], *tables], windows,
        problem.signals[shuffle],
    )  # fmt: skip
    torch.testing.assert_close(got, problem.run(window_attention_backend)[shuffle])


def test_whole_window_translation_changes_nothing(attention, window_attention_backend):
    problem = attention(200)
    moved = problem.coords + torch.tensor([0, 15, -10, 5])
    windows = swin3d_ops.partition_windows(moved, 5, 2)
    got = problem.run(window_attention_backend, windows=windows)
    torch.testing.assert_close(got, problem.run(window_attention_backend))


def test_batch_items_do_not_leak(attention, window_attention_backend):
    problem = attention(200)
    rows = problem.coords[:, 0] == 0
    windows = swin3d_ops.partition_windows(problem.coords[rows], 5, 2)
    q, k, v, *tables = problem.inputs
    alone = problem.run(
        window_attention_backend, [q[rows], k[rows], v[rows], *tables], windows,
        problem.signals[rows],
    )  # fmt: skip
    torch.testing.assert_close(alone, problem.run(window_attention_backend)[rows])


def test_one_hot_keys_select_one_value(attention, one_window, window_attention_backend):
    problem = attention(8, 1, 8, (4,))
    problem.windows = one_window(8)
    problem.inputs[0] = 1e4 * torch.eye(8, dtype=torch.float64).roll(3, dims=1)[:, None]
    problem.inputs[1] = torch.eye(8, dtype=torch.float64)[:, None]
    problem.inputs[3:] = [torch.zeros_like(t) for t in problem.inputs[3:]]
    out = problem.run(window_attention_backend)
    torch.testing.assert_close(out, problem.inputs[2].roll(-3, dims=0))


def test_two_runs_give_the_same_bits(attention, window_attention_backend):
    problem = attention(800, 6, 8, dtype=torch.float32, extent=8)
    first = problem.run_with_gradients(window_attention_backend)
    for a, b in zip(first, problem.run_with_gradients(window_attention_backend)):
        assert torch.equal(a, b)


def test_table_row_corners():
    zero = torch.zeros(1)
    delta = torch.tensor([0.0, -20.0, 20 - 1e-5, 20.0, -1e-6, float('nan'), float('inf')])
    assert table_row(delta, zero, 40).tolist() == [20, 0, 39, 39, 19, 0, 39]


def test_equal_signals_meet_in_the_central_row():
    signal = torch.rand(10_000, generator=torch.Generator().manual_seed(0)) * 20
    assert (table_row(signal, signal, 40) == 20).all()


@pytest.mark.parametrize(
    'change, error, message',
    [
        (dict(k=torch.zeros(20, 2, 4)), ValueError, 'k must have the shape of q'),
        (dict(v=torch.zeros(20, 2, 8).double()), TypeError, 'v must have the dtype of q'),
        (dict(q=torch.zeros(20, 16)), ValueError, r'q must have shape \(N, H, D\)'),
        (dict(q=torch.zeros(20, 2, 8).long()), TypeError, 'q must be a floating-point tensor'),
        (dict(q=None), TypeError, 'q must be a tensor'),
        (dict(signals=[1.0]), TypeError, 'signals must be a tensor'),
        (dict(k=torch.zeros(20, 2, 8, device='meta')), ValueError, 'k must hold data'),
        (dict(v=torch.zeros(20, 2, 8).to_sparse()), TypeError, 'v must be a dense tensor, got torch.sp'),
        (dict(q=torch.zeros(20, 2, 8).cfloat()), TypeError, 'q must be a floating-point tensor'),
        (dict(table_rows=10), TypeError, 'table_rows must be a sequence of ints, got int'),
        (dict(scale='1'), TypeError, 'scale must be a number, got str'),
        (dict(scale=10**400), ValueError, 'scale must be within the range of float64'),
        (dict(k_table=torch.zeros(7, 2, 8)), ValueError, 'k_table must have shape'),
        (dict(signals=torch.zeros(19, 2)), ValueError, 'signals must have shape'),
        (dict(signals=torch.zeros(20, 2).half()), TypeError, 'signals must be float32'),
        (dict(table_rows=(6,)), ValueError, 'table_rows must have one entry'),
        (dict(table_rows=(5, 4)), ValueError, 'table_rows must sum to the 10 rows'),
        (dict(table_rows=(10, 0)), ValueError, 'table_rows must be positive'),
        (dict(windows=None), TypeError, 'windows must be a WindowIndex'),
        (dict(backend='quick'), ValueError, 'backend must be auto or one of'),
        (dict(backend='cuda'), ValueError, 'cuda'),
    ],
)
def test_bad_arguments_are_named(attention, change, error, message):
    problem = attention(20, 2, 8, (6, 4), dtype=torch.float32)
    names = ('q', 'k', 'v', 'q_table', 'k_table', 'v_table')
    arguments = dict(
        zip(names, problem.inputs),
        signals=problem.signals,
        table_rows=(6, 4),
        windows=problem.windows,
    )
    with pytest.raises(error, match=message):
        swin3d_ops.window_attention(**{**arguments, **change})


def test_windows_of_other_voxels_are_refused(attention):
    problem = attention(20, 2, 8)
    with pytest.raises(ValueError, match='windows must partition 20 voxels, got 10'):
        problem.run('torch', windows=attention(10).windows)


@pytest.mark.parametrize(
    'order, ptr',
    [([0, 1, 2, 9], [0, 4]), ([0, 1, 2, -1], [0, 4]), ([0, 1, 1, 3], [0, 4]), ([0, 1, 2, 3], [0, 5]),
     ([0, 1, 2, 3], [0, 3, 2, 4]), ([0, 1, 2, 3], [1, 4])],
)  # fmt: skip
def test_windows_that_are_no_partition_are_refused(attention, order, ptr):
    problem = attention(4, 2, 8)
    windows = swin3d_ops.WindowIndex(torch.tensor(order), torch.tensor(ptr), torch.zeros(4, 3).long())
    with pytest.raises(ValueError, match=r'windows.order must hold each row once'):
        problem.run('auto', windows=windows)


WRITES = {
    'counted': lambda values, place, number: values.__setitem__(place, number),
    'uncounted': lambda values, place, number: values.numpy().__setitem__(place, number),
}


@pytest.mark.parametrize('write', WRITES.values(), ids=WRITES)
@pytest.mark.parametrize('name, number', [('order', 10**9), ('order', -1), ('ptr', 10**9), ('ptr', -5)])
def test_windows_changed_after_a_call_are_refused(attention, window_attention_backend, write, name, number):
    problem = attention(40, 2, 8)
    problem.run(window_attention_backend)
    write(getattr(problem.windows, name), 1, number)
    with pytest.raises(ValueError, match=r'windows.order must hold each row once'):
        problem.run(window_attention_backend)


def test_windows_changed_before_the_backward_pass_are_refused(attention):
    problem = attention(40, 2, 8)
    inputs = [t.requires_grad_() for t in problem.inputs]
    out = problem.run('auto', inputs)
    problem.windows.order.numpy()[3] = 10**9
    with pytest.raises(ValueError, match=r'windows.order must hold each row once'):
        out.sum().backward()


def test_windows_changed_to_another_partition_give_its_result(attention, window_attention_backend):
    problem = attention(40, 2, 8)
    before = problem.run(window_attention_backend)
    problem.windows.order.numpy()[:] = torch.randperm(40, generator=torch.Generator().manual_seed(5)).numpy()
    check(problem, window_attention_backend, torch.float64, 1e-12)
    assert not torch.equal(problem.run(window_attention_backend), before)


@pytest.mark.parametrize('table_rows', [(), (6, 4)], ids=['no signals', 'two signals'])
@pytest.mark.parametrize(
    'count, ptr',
    [(0, [0]), (0, [0, 0]), (0, [0, 0, 0]), (9, [0, 9]), (9, [0, 0, 4, 4, 9, 9]), (40, [0, 2, 40])],
)
def test_empty_windows_and_no_signals(attention, window_attention_backend, count, ptr, table_rows):
    problem = attention(max(count, 1), 2, 8, table_rows)
    problem.inputs[:3] = [t[:count] for t in problem.inputs[:3]]
    problem.signals, problem.grad_out = problem.signals[:count], problem.grad_out[:count]
    cell = torch.zeros(count, 3).long()
    problem.windows = swin3d_ops.WindowIndex(torch.arange(count), torch.tensor(ptr), cell)
    if count:
        check(problem, window_attention_backend, torch.float64, 1e-12)
        return
    out, *grads = problem.run_with_gradients(window_attention_backend)
    assert out.shape == (0, 2, 8) and not any(grad.any() for grad in grads)


def test_windows_of_another_integer_type_are_refused(attention):
    problem = attention(4, 2, 8)
    windows = swin3d_ops.WindowIndex(torch.arange(4).int(), torch.tensor([0, 4]), torch.zeros(4, 3).long())
    with pytest.raises(TypeError, match=r'windows.order must be a list of int64'):
        problem.run('auto', windows=windows)


def test_tokens_of_a_view_give_the_result_of_a_copy(attention, window_attention_backend):
    problem = attention(90, 3, 8)
    packed = torch.stack(problem.inputs[:3], dim=1)
    problem.inputs[:3] = packed.unbind(1)  # tokens lie three apart, as in a joint projection
    check(problem, window_attention_backend, torch.float64, 1e-12)


@pytest.mark.parametrize('size', [1, 2, 3, 4, 5])
def test_windows_of_a_few_voxels(attention, window_attention_backend, size):
    problem = attention(60, 2, 8, (40, 40, 40, 32, 32, 32))
    ptr = torch.arange(0, 61, size) if 60 % size == 0 else torch.tensor([*range(0, 60, size), 60])
    problem.windows = swin3d_ops.WindowIndex(torch.arange(60), ptr, torch.zeros(60, 3).long())
    check(problem, window_attention_backend, torch.float64, 1e-12)


def test_torch_back_end_recomputes_to_the_same_result(attention, monkeypatch):
    from swin3d_ops.window_attention import torch_impl

    problem = attention(150, 2, 8)
    kept = problem.run_with_gradients('torch')
    monkeypatch.setattr(torch_impl, 'KEPT_ELEMENTS', 0)
    for got, expected in zip(problem.run_with_gradients('torch'), kept):
        torch.testing.assert_close(got, expected)
