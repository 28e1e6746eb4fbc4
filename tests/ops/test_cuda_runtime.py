"""What the CUDA back-end says and does without a GPU: reasons, fallback, launches on a stand-in driver."""

from __future__ import annotations

import ctypes
import logging
import types

import pytest
import swin3d_ops
import torch
from swin3d_ops import cuda_runtime, self_check
from swin3d_ops import op as op_module
from swin3d_ops.compiled_files import publish
from swin3d_ops.cpu_library import KernelsUnavailableError
from swin3d_ops.op import declared

OPERATORS = (
    'window_attention', 'window_attention_backward', 'knn', 'gather_max', 'gather_max_backward',
    'interpolate', 'interpolate_feats_grad', 'interpolate_weight_grad',
    'sparse_conv', 'sparse_conv_weight_grad',
)  # fmt: skip


@pytest.fixture
def gpu(monkeypatch):
    """A machine that claims a GPU; the answer of `reason_unavailable` is computed afresh."""

    cached = cuda_runtime.reason_unavailable

    def claim(capability=(9, 0), available=True):
        monkeypatch.setattr(torch.cuda, 'is_available', lambda: available)
        monkeypatch.setattr(torch.cuda, 'get_device_capability', lambda *_: capability)
        monkeypatch.setattr(torch.cuda, 'current_device', lambda: 1)
        cached.cache_clear()
        op_module.forget()

    yield claim
    cached.cache_clear()
    op_module.forget()


@pytest.mark.parametrize('operator', OPERATORS)
def test_every_operator_has_cuda_kernels(operator):
    assert torch._C._dispatch_has_kernel_for_dispatch_key(f'swin3d::{operator}', 'CUDA')


def test_machine_without_a_gpu_is_named(gpu):
    gpu(available=False)
    named = [name for name, op in declared().items() if 'cuda' in op.implementations]
    assert len(named) == 8
    for name in named:
        assert swin3d_ops.available_backends(name)['cuda'].startswith('torch.cuda is not available')


def test_named_cuda_on_a_machine_without_it_gives_the_reason(gpu, monkeypatch):
    gpu(available=False)
    monkeypatch.setenv('SWIN3D_OPS', 'cuda')
    points = torch.zeros(2, 3)
    with pytest.raises(ValueError, match="SWIN3D_OPS: 'cuda' cannot take .* torch.cuda is not available"):
        swin3d_ops.knn(points, points, 1, torch.tensor([0, 2]), torch.tensor([0, 2]))
    with pytest.raises(ValueError, match="'cuda' cannot run knn: torch.cuda is not available"):
        declared()['knn'].choose('cuda', 'cuda')


def test_auto_gives_cuda_tensors_to_torch_and_says_so_once(gpu, monkeypatch, caplog):
    gpu(available=False)
    op_module.forget()
    monkeypatch.delenv('SWIN3D_OPS', raising=False)
    with caplog.at_level(logging.INFO, logger='swin3d_ops'):
        assert [declared()['knn'].choose('cuda', 'auto') for _ in range(2)] == ['torch', 'torch']
    (record,) = caplog.records
    assert record.levelname == 'WARNING'
    assert 'knn on cuda runs on back-end torch (cuda: torch.cuda is not' in record.message


def test_old_gpu_is_named(gpu):
    gpu((6, 1))
    assert cuda_runtime.reason_unavailable() == 'compute capability 6.1 is below 7.0'


def test_missing_compiler_is_the_reason(gpu, monkeypatch):
    def missing():
        raise KernelsUnavailableError('no NVRTC in 3 folders and no nvcc')

    gpu()
    monkeypatch.setattr(cuda_runtime.cuda_compiler, 'find_compiler', missing)
    assert cuda_runtime.reason_unavailable() == 'no NVRTC in 3 folders and no nvcc'


def test_missing_driver_is_the_reason(gpu, monkeypatch):
    def missing(name):
        raise OSError(name)

    gpu()
    monkeypatch.setattr(cuda_runtime.cuda_compiler, 'find_compiler', lambda: None)
    monkeypatch.setattr(cuda_runtime.ctypes, 'CDLL', missing)
    cuda_runtime._driver.cache_clear()
    assert 'the NVIDIA driver (libcuda.so.1) was not found' in cuda_runtime.reason_unavailable()
    cuda_runtime._driver.cache_clear()


def test_kernel_that_fails_to_launch_on_the_current_gpu_is_not_trusted(gpu, monkeypatch):
    def fail(*_):
        raise RuntimeError('cuLaunchKernel: too many resources requested for launch')

    def on_device(function, device):
        return fail if device == 'cuda:1' else function

    gpu()
    monkeypatch.setattr(self_check, '_on_device', on_device)
    monkeypatch.setattr(cuda_runtime, 'reason_unavailable', lambda: None)
    monkeypatch.delenv('SWIN3D_OPS', raising=False)
    op_module.forget()
    try:
        assert 'the self-check failed: cuLaunchKernel' in swin3d_ops.available_backends('knn')['cuda']
        assert declared()['knn'].choose('cuda', 'auto') == 'torch'
    finally:
        op_module.forget()


CONTEXTS = THIS_GPU, OTHER_GPU = 0xC0, 0xC1


class Driver:
    """A stand-in for the driver: remembers calls and contexts, answers 0 or, for one function, an error."""

    def __init__(self, failing=None):
        self.calls, self.failing, self.context, self.context_of_call = [], failing, OTHER_GPU, {}

    def __getattr__(self, name):
        def function(*arguments):
            self.calls.append((name, arguments))
            self.context_of_call[name] = self.context
            if name == 'cuDeviceGet':
                arguments[0]._obj.value = arguments[1]
            if name == 'cuDevicePrimaryCtxRetain':
                arguments[0]._obj.value = CONTEXTS[arguments[1].value]
            if name == 'cuCtxGetCurrent':
                arguments[0]._obj.value = self.context
            if name == 'cuCtxSetCurrent':
                self.context = arguments[0].value
            if name == 'cuGetErrorString':
                arguments[1]._obj.value = b'invalid argument'
            if name == 'cuDeviceGetAttribute':
                arguments[0]._obj.value = {16: 132, 97: 232448}[arguments[1]]
            return int(name == self.failing)

        return function


@pytest.fixture
def driver(monkeypatch, tmp_path):
    def build(failing=None):
        driver = Driver(failing)
        streams = [types.SimpleNamespace(cuda_stream=0x5EED), types.SimpleNamespace(cuda_stream=0x51DE)]
        monkeypatch.setattr(cuda_runtime, '_driver', lambda: driver)
        monkeypatch.setattr(torch.cuda, 'current_stream', streams.__getitem__)
        cuda_runtime._shared_limit.cache_clear()
        (tmp_path / 'built').write_bytes(b'cubin')
        publish(tmp_path / 'built', tmp_path / 'kernels.cubin')
        return driver, cuda_runtime.Program(tmp_path / 'kernels.cubin', 0)

    yield build
    cuda_runtime._shared_limit.cache_clear()


def test_launch_goes_to_the_current_stream_in_the_primary_context(driver):
    stand_in, program = driver()
    calls = stand_in.calls
    argument = ctypes.c_int(7)
    program.launch('kernel', (5, 3), 64, 70_000, argument)
    assert (program.multiprocessors, program.shared_limit) == (132, 232448)
    for name in ('cuModuleLoadData', 'cuModuleGetFunction', 'cuLaunchKernel'):
        assert stand_in.context_of_call[name] == THIS_GPU
    ((_, module),) = [call for call in calls if call[0] == 'cuModuleLoadData']
    assert module[1] == b'cubin'
    ((_, launch),) = [call for call in calls if call[0] == 'cuLaunchKernel']
    _, *sizes, stream, places, extra = launch
    assert sizes == [5, 3, 1, 64, 1, 1, 70_000]
    assert stream.value == 0x5EED and extra is None
    assert places[0] == ctypes.addressof(argument)
    ((_, kernel_attribute),) = [call for call in calls if call[0] == 'cuFuncSetAttribute']
    assert kernel_attribute[1:] == (8, 232448)


def test_error_of_the_driver_names_the_call(driver):
    _, program = driver('cuLaunchKernel')
    with pytest.raises(RuntimeError, match='cuLaunchKernel: invalid argument'):
        program.launch('kernel', (1, 1), 64, 0)


def launches(stand_in):
    """Return the streams of all launches."""
    return [arguments[8].value for name, arguments in stand_in.calls if name == 'cuLaunchKernel']


def test_launch_on_a_gpu_that_is_not_the_current_one(driver, tmp_path):
    stand_in, _ = driver()
    other = cuda_runtime.Program(tmp_path / 'kernels.cubin', 1)
    stand_in.context = THIS_GPU
    other.launch('kernel', (1, 1), 64, 0)
    for name in ('cuModuleLoadData', 'cuModuleGetFunction', 'cuFuncSetAttribute', 'cuLaunchKernel'):
        assert stand_in.context_of_call[name] == OTHER_GPU, name
    assert stand_in.context == THIS_GPU
    assert launches(stand_in) == [0x51DE]


def test_every_launch_asks_for_the_current_stream(driver, monkeypatch):
    stand_in, program = driver()
    for stream in (0x1, 0x2):
        current = types.SimpleNamespace(cuda_stream=stream)
        monkeypatch.setattr(torch.cuda, 'current_stream', lambda index, current=current: current)
        program.launch('kernel', (1, 1), 64, 0)
    assert launches(stand_in) == [0x1, 0x2]


def test_kernels_are_compiled_and_loaded_for_the_gpu_of_the_tensors(driver, monkeypatch, tmp_path):
    stand_in, _ = driver()
    asked = []

    def cubin(source, definitions, architecture):
        asked.append(architecture)
        return tmp_path / 'kernels.cubin'

    monkeypatch.setattr(cuda_runtime.cuda_compiler, 'cubin', cubin)
    monkeypatch.setattr(torch.cuda, 'get_device_capability', lambda index: [(8, 0), (9, 0)][index])
    monkeypatch.setattr(torch.cuda, 'current_device', lambda: 1)
    cuda_runtime._program.cache_clear()
    try:
        first, second, current = (
            cuda_runtime.program('knn.cuh', (), torch.device(name)) for name in ('cuda:0', 'cuda:1', 'cuda')
        )
    finally:
        cuda_runtime._program.cache_clear()
    assert asked == [80, 90] and current is second and first is not second
    for program in (first, second):
        program.launch('kernel', (1, 1), 64, 0)
    assert launches(stand_in) == [0x5EED, 0x51DE]


@pytest.mark.parametrize('before', [OTHER_GPU, THIS_GPU, None], ids=['another GPU', 'this GPU', 'none'])
def test_launch_leaves_the_thread_in_its_context(driver, before):
    stand_in, program = driver()
    assert stand_in.context == OTHER_GPU  # after the module was loaded
    stand_in.context = before
    program.launch('kernel', (1, 1), 64, 0)
    assert stand_in.context == before


def test_thread_that_is_in_the_context_already_is_not_switched(driver):
    stand_in, program = driver()
    stand_in.context = THIS_GPU
    stand_in.calls.clear()
    program.launch('kernel', (1, 1), 64, 0)
    assert 'cuCtxSetCurrent' not in [name for name, _ in stand_in.calls]
    assert stand_in.context_of_call['cuLaunchKernel'] == THIS_GPU


def test_launch_that_fails_leaves_the_thread_in_its_context(driver):
    stand_in, program = driver('cuLaunchKernel')
    with pytest.raises(RuntimeError, match='cuLaunchKernel'):
        program.launch('kernel', (1, 1), 64, 0)
    assert stand_in.context == OTHER_GPU


def test_module_that_does_not_load_leaves_the_thread_in_its_context(driver, tmp_path):
    stand_in, _ = driver()
    stand_in.failing = 'cuModuleLoadData'
    with pytest.raises(RuntimeError, match='cuModuleLoadData'):
        cuda_runtime.Program(tmp_path / 'kernels.cubin', 0)
    assert stand_in.context == OTHER_GPU
