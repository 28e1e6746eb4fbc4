"""What holds for every op and every back-end that takes tensors of the CPU."""

from __future__ import annotations

import contextlib

import pytest
import swin3d_ops
import torch
from swin3d_ops import op as op_module
from swin3d_ops.op import declared

TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-12}


def every_backend():
    """Parameters (op, back-end); one that cannot run is skipped with its reason."""
    for name, op in declared().items():
        for backend, reason in swin3d_ops.available_backends(name).items():
            devices = op.implementations[backend].devices
            if devices and 'cpu' not in devices:
                continue  # tested on an emulation
            marks = pytest.mark.skipif(reason is not None, reason=str(reason))
            yield pytest.param(name, backend, marks=marks, id=f'{name}-{backend}')


def solve(op, backend, dtype):
    return declared()[op].probe(declared()[op].implementations[backend].run, dtype)


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
@pytest.mark.parametrize('op, backend', every_backend())
def test_results_and_gradients_are_the_references(op, backend, dtype):
    results = solve(op, backend, dtype)
    expected = solve(op, next(iter(declared()[op].implementations)), torch.float64)
    assert len(results) == len(expected) > 0
    for got, truth in zip(results, expected):
        assert got.shape == truth.shape
        assert (got.double() - truth.double()).abs().max() <= TOLERANCE[dtype] * truth.double().abs().max()


@pytest.mark.parametrize('op, backend', every_backend())
def test_a_second_run_gives_the_same_bits(op, backend):
    for first, second in zip(solve(op, backend, torch.float32), solve(op, backend, torch.float32)):
        assert torch.equal(first, second)


@pytest.mark.parametrize('op, backend', every_backend())
def test_the_default_device_of_the_caller_does_not_matter(op, backend):
    run = declared()[op].implementations[backend].run

    def run_elsewhere(*arguments):
        with torch.device('meta'):
            return run(*arguments)

    results = declared()[op].probe(run_elsewhere, torch.float32)
    for got, expected in zip(results, solve(op, backend, torch.float32)):
        assert torch.equal(got, expected)


def test_gradients_of_what_is_not_finite_do_not_depend_on_the_default_device():
    grads = []
    for device in ('cpu', 'meta'):
        feats, weight = (torch.full((4, 3), torch.inf, device='cpu').requires_grad_() for _ in range(2))
        index = torch.tensor([[0, 1], [2, 2]], device='cpu')
        out = swin3d_ops.resample.linear_gather_max(feats, weight, index, backend='cpu')
        with torch.device(device):
            grads.append(torch.autograd.grad(out, (feats, weight), torch.zeros_like(out)))
    assert all(map(torch.equal, *(map(torch.nan_to_num, pair) for pair in grads)))
    assert grads[0][0].isnan().any()


@pytest.mark.parametrize('op, backend', every_backend())
def test_any_number_of_threads_gives_the_same_bits_or_is_torchs_own(op, backend):
    if backend not in ('cpu', 'spconv'):
        pytest.skip('sums of torch may depend on its threads')
    before, results = torch.get_num_threads(), []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            results.append(solve(op, backend, torch.float32))
    finally:
        torch.set_num_threads(before)
    for other in results[1:]:
        assert all(map(torch.equal, results[0], other))


@pytest.mark.parametrize('op, backend', every_backend())
def test_backend_is_chosen_by_name_and_by_the_environment(op, backend, monkeypatch):
    assert declared()[op].choose('cpu', backend) == backend
    monkeypatch.setenv('SWIN3D_OPS', f'{op}={backend}')
    assert declared()[op].choose('cpu', 'auto') == backend
    monkeypatch.setenv('SWIN3D_OPS', backend)
    assert declared()[op].choose('cpu', 'auto') == backend


@pytest.mark.parametrize('op, backend', every_backend())
def test_verdict_does_not_depend_on_the_modes_of_the_first_caller(op, backend, monkeypatch):
    monkeypatch.delenv('SWIN3D_OPS', raising=False)
    modes = (
        torch.inference_mode(), torch.autocast('cpu', torch.bfloat16), torch.device('meta'),
        torch.autograd.graph.saved_tensors_hooks(refuse, refuse),
    )  # fmt: skip
    for mode in modes:
        op_module.forget()
        with contextlib.ExitStack() as stack:
            stack.enter_context(mode)
            assert declared()[op].reason_unavailable(backend) is None
    op_module.forget()


def refuse(tensor):
    raise AssertionError('a hook of the caller saw a saved tensor')
