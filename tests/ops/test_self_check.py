"""The first-use check of the kernels: its verdict does not depend on the modes of the first caller."""

from __future__ import annotations

import contextlib
import dataclasses
import multiprocessing
import threading

import pytest
import torch
from swin3d_ops import available_backends
from swin3d_ops import op as op_module
from swin3d_ops.op import declared
from swin3d_ops.resample import reference as resample_reference
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

pytestmark = pytest.mark.skipif(
    available_backends('window_attention')['cpu'] is not None,
    reason=str(available_backends('window_attention')['cpu']),
)


OPS = sorted(name for name, op in declared().items() if 'cpu' in op.implementations)


@pytest.fixture(autouse=True)
def first_call(monkeypatch):
    """Forget the verdicts before and after the test."""
    monkeypatch.delenv('SWIN3D_OPS', raising=False)
    op_module.forget()
    yield
    op_module.forget()


class ForbidFunctions(TorchFunctionMode):
    def __torch_function__(self, function, types, args=(), kwargs=None):
        raise AssertionError(f'{function} was seen by the mode of the caller')


class ForbidDispatch(TorchDispatchMode):
    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        raise AssertionError(f'{function} was seen by the mode of the caller')


@contextlib.contextmanager
def process_wide(get, set_to, value):
    before = get()
    set_to(value)
    try:
        yield
        assert get() == value  # the check leaves the caller's setting as it is
    finally:
        set_to(before)


def refuse(tensor):
    raise AssertionError('a hook of the caller saw a saved tensor')


MODES = dict(
    inference=torch.inference_mode,
    no_grad=torch.no_grad,
    autocast=lambda: torch.autocast('cpu', torch.bfloat16),
    autocast_cuda=lambda: torch.autocast('cuda', torch.float16),
    default_dtype=lambda: process_wide(torch.get_default_dtype, torch.set_default_dtype, torch.float64),
    matmul_precision=lambda: process_wide(
        torch.get_float32_matmul_precision, torch.set_float32_matmul_precision, 'medium'
    ),
    deterministic=lambda: process_wide(
        torch.are_deterministic_algorithms_enabled, torch.use_deterministic_algorithms, True
    ),
    device=lambda: torch.device('meta'),
    default_device=lambda: process_wide(
        torch.get_default_device, torch.set_default_device, torch.device('meta')
    ),
    anomaly=torch.autograd.detect_anomaly,
    saved_tensors_hooks=lambda: torch.autograd.graph.saved_tensors_hooks(refuse, refuse),
    function_mode=ForbidFunctions,
    dispatch_mode=ForbidDispatch,
    fake_tensors=FakeTensorMode,
)


@pytest.mark.filterwarnings('ignore:Anomaly Detection', 'ignore:.*CUDA is not available', 'ignore:.*TF32')
@pytest.mark.parametrize('op', OPS)
@pytest.mark.parametrize('mode', MODES)
def test_first_call_under_a_mode_trusts_the_kernels(mode, op):
    with MODES[mode]():
        chosen = declared()[op].choose('cpu', 'auto')
        reason = op_module.reason_to_distrust(op, 'cpu', 'cpu')
    assert (chosen, reason) == ('cpu', None)


def compiled(function):
    torch._dynamo.reset()
    return torch.compile(function, backend='eager')


@pytest.mark.parametrize('transform', [torch.vmap, torch.func.grad, compiled])
def test_first_call_inside_a_transform_trusts_the_kernels(transform):
    chosen = []

    def call(x):
        chosen.extend([declared()[op].choose('cpu', 'auto') for op in OPS])
        return x.square().sum()

    transform(call)(torch.ones(3))
    assert chosen == ['cpu'] * len(OPS)


def test_settings_of_the_process_and_of_the_thread_are_left_alone():
    def settings():
        return (
            torch.is_grad_enabled(), torch.is_inference_mode_enabled(), torch.get_default_dtype(),
            torch.get_float32_matmul_precision(), torch.is_autocast_cpu_enabled(), torch.get_num_threads(),
            torch.are_deterministic_algorithms_enabled(), torch.get_rng_state().sum().item(),
        )  # fmt: skip

    before = settings()
    assert [op_module.reason_to_distrust(op, 'cpu', 'cpu') for op in OPS] == [None] * len(OPS)
    assert settings() == before


class Rounded(torch.autograd.Function):
    """``x @ w.t()`` as TF32 and bfloat16 units compute it: every factor rounded, sums in float32."""

    @staticmethod
    def forward(ctx, x, weight):
        ctx.save_for_backward(x, weight)
        return x.bfloat16().float() @ weight.bfloat16().float().t()

    @staticmethod
    def backward(ctx, grad):
        x, weight = (tensor.bfloat16().float() for tensor in ctx.saved_tensors)
        grad = grad.bfloat16().float()
        return grad @ weight, grad.t() @ x


def test_products_of_rounded_factors_pass_the_check():
    """TF32 on a GPU, bfloat16 on a CPU: settings of the whole process, which the check does not touch."""

    def on_rounding_hardware(feats, weight, index):
        return resample_reference.gather_max(Rounded.apply(feats, weight), index)

    problem = declared()['linear_gather_max'].probe
    results = problem(on_rounding_hardware, torch.float32)
    for got, expected in zip(results, problem(resample_reference.linear_gather_max, torch.float64)):
        assert torch.equal(got.double(), expected)


def test_many_threads_at_once_reach_one_verdict(caplog):
    barrier, chosen = threading.Barrier(4), []

    def first():
        barrier.wait()
        chosen.extend(declared()[op].choose('cpu', 'auto') for op in OPS)

    threads = [threading.Thread(target=first) for _ in range(4)]
    with caplog.at_level('INFO', logger='swin3d_ops'):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert chosen == ['cpu'] * 4 * len(OPS)
    assert len(caplog.records) == len(OPS)


def _first_call_of_a_child(results):
    op_module.forget()
    results.put([op_module.reason_to_distrust(op, 'cpu', 'cpu') for op in OPS])


def test_a_forked_worker_reaches_the_same_verdict():
    if 'fork' not in multiprocessing.get_all_start_methods():
        pytest.skip('this system does not fork')
    torch.ones(600, 600) @ torch.ones(600, 600)  # the parent has used its threads
    op_module.reason_to_distrust('window_attention', 'cpu', 'cpu')
    context = multiprocessing.get_context('fork')
    results = context.SimpleQueue()
    child = context.Process(target=_first_call_of_a_child, args=(results,))
    child.start()
    child.join(60)
    assert not child.is_alive() and results.get() == [None] * len(OPS)


@pytest.mark.parametrize('op', ['gather_max', 'interpolate'])
def test_a_wrong_gradient_alone_is_found(op, monkeypatch):
    cpu = declared()[op].implementations['cpu']

    def wrong_backwards(*arguments):
        out = cpu.run(*arguments)
        return out + 0.01 * (out - out.detach())  # the same value

    wrong = dataclasses.replace(cpu, run=wrong_backwards)
    monkeypatch.setitem(declared()[op].implementations, 'cpu', wrong)
    assert 'differs from the reference by 1' in op_module.reason_to_distrust(op, 'cpu', 'cpu')
