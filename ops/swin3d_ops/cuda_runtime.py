"""Loads compiled CUDA kernels and launches them on torch's current stream, by the driver's C interface."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from . import cuda_compiler
from .compiled_files import contents
from .cpu_library import KernelsUnavailableError

MIN_COMPUTE_CAPABILITY = 70  # 7.0
ELEMENTS = {  # names of the element types in the kernels' sources
    torch.float32: 'float',
    torch.float64: 'double',
    torch.float16: 'f16',
    torch.bfloat16: 'bf16',
}
_MULTIPROCESSORS, _SHARED_PER_BLOCK, _MAX_DYNAMIC_SHARED = 16, 97, 8


@functools.cache
def _driver() -> ctypes.CDLL:
    for name in ('libcuda.so.1', 'libcuda.so', 'nvcuda.dll'):
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    raise KernelsUnavailableError('the NVIDIA driver (libcuda.so.1) was not found')


def _call(name: str, *arguments) -> None:
    status = getattr(_driver(), name)(*arguments)
    if status != 0:
        message = ctypes.c_char_p()
        _driver().cuGetErrorString(status, ctypes.byref(message))
        text = message.value.decode() if message.value else f'error {status}'
        raise RuntimeError(f'{name}: {text}')


class Arguments(ctypes.Structure):
    """Base of the ctypes twins of what kernels take by value."""

    def set_pointers(self, **tensors: torch.Tensor) -> None:
        """Let fields point to the memory of tensors."""
        for name, tensor in tensors.items():
            setattr(self, name, tensor.data_ptr())


def aligned(tensor: torch.Tensor, size: int) -> torch.Tensor:
    """Return a tensor, or a copy, that starts at a multiple of ``size`` bytes, as wide loads need."""
    return tensor if tensor.data_ptr() % size == 0 else tensor.clone(memory_format=torch.contiguous_format)


class Program:
    """The kernels of one compiled file on one GPU.

    Attributes:
        multiprocessors: Number of multiprocessors of the GPU.
        shared_limit: Bytes of shared memory that a block may have.
    """

    def __init__(self, path: Path, device_index: int):
        self._device_index = device_index
        self.multiprocessors = _multiprocessors(device_index)
        self.shared_limit = _shared_limit(device_index)
        handle = ctypes.c_int()
        self._context = ctypes.c_void_p()
        _call('cuDeviceGet', ctypes.byref(handle), device_index)
        # torch works in the primary context; retaining it keeps the module's context alive.
        _call('cuDevicePrimaryCtxRetain', ctypes.byref(self._context), handle)
        self._module = ctypes.c_void_p()
        with self._current():
            _call('cuModuleLoadData', ctypes.byref(self._module), contents(path))
        self._kernels: dict[str, ctypes.c_void_p] = {}
        self._resident: dict[tuple[str, int, int], int] = {}

    @contextmanager
    def _current(self) -> Iterator[None]:
        """Work in the GPU's context and leave the thread in its own, which may be of another GPU, or none.

        The threads of autograd have no context before their first call of the CUDA runtime.
        """
        before = ctypes.c_void_p()
        _call('cuCtxGetCurrent', ctypes.byref(before))
        if before.value == self._context.value:
            yield
            return
        _call('cuCtxSetCurrent', self._context)
        try:
            yield
        finally:
            _call('cuCtxSetCurrent', before)

    def _kernel(self, name: str) -> ctypes.c_void_p:
        if name not in self._kernels:
            kernel = ctypes.c_void_p()
            _call('cuModuleGetFunction', ctypes.byref(kernel), self._module, name.encode())
            _call('cuFuncSetAttribute', kernel, _MAX_DYNAMIC_SHARED, self.shared_limit)
            self._kernels[name] = kernel
        return self._kernels[name]

    def resident_blocks(self, kernel: str, threads: int, shared: int) -> int:
        """Return how many blocks of a kernel a multiprocessor runs at a time, at least 1.

        Args:
            kernel: Its name.
            threads: Threads of a block.
            shared: Bytes of shared memory of a block.
        """
        key = kernel, threads, shared
        if key not in self._resident:
            count = ctypes.c_int()
            with self._current():
                _call(
                    'cuOccupancyMaxActiveBlocksPerMultiprocessor', ctypes.byref(count), self._kernel(kernel),
                    threads, ctypes.c_size_t(shared),
                )  # fmt: skip
            self._resident[key] = max(1, count.value)
        return self._resident[key]

    def launch(self, kernel: str, grid: tuple[int, int], threads: int, shared: int, *arguments) -> None:
        """Queue a kernel on torch's current stream; the arguments are ctypes values as it takes them."""
        places = (ctypes.c_void_p * len(arguments))(*(ctypes.addressof(a) for a in arguments))
        stream = ctypes.c_void_p(torch.cuda.current_stream(self._device_index).cuda_stream)
        with self._current():
            _call(
                'cuLaunchKernel', self._kernel(kernel), *grid, 1, threads, 1, 1, shared, stream, places, None
            )  # fmt: skip


def _attribute(which: int, device_index: int) -> int:
    value, handle = ctypes.c_int(), ctypes.c_int()
    _call('cuInit', 0)
    _call('cuDeviceGet', ctypes.byref(handle), device_index)
    _call('cuDeviceGetAttribute', ctypes.byref(value), which, handle)
    return value.value


def _index(device: torch.device) -> int:
    return torch.cuda.current_device() if device.index is None else device.index


@functools.cache
def _shared_limit(device_index: int) -> int:
    return _attribute(_SHARED_PER_BLOCK, device_index)


def shared_limit(device: torch.device) -> int:
    """Return the bytes of shared memory that a block may have on a device."""
    return _shared_limit(_index(device))


@functools.cache
def _multiprocessors(device_index: int) -> int:
    return _attribute(_MULTIPROCESSORS, device_index)


def multiprocessors(device: torch.device) -> int:
    """Return the number of multiprocessors of a device."""
    return _multiprocessors(_index(device))


def has_tensor_cores(device: torch.device) -> bool:
    """Whether a GPU multiplies matrices of float16 and bfloat16: from compute capability 8.0 on."""
    return torch.cuda.get_device_capability(device) >= (8, 0)


@functools.cache
def _program(source: str, definitions: tuple, device_index: int) -> Program:
    major, minor = torch.cuda.get_device_capability(device_index)
    return Program(cuda_compiler.cubin(source, definitions, 10 * major + minor), device_index)


def program(source: str, definitions: tuple[tuple[str, object], ...], device: torch.device) -> Program:
    """Return the kernels of ``csrc/<source>`` on a device, compiled under the macros ``definitions``.

    Raises:
        KernelsUnavailableError: They cannot be compiled.
    """
    return _program(source, tuple(definitions), _index(device))


@functools.cache
def reason_unavailable() -> str | None:
    """Return None when the CUDA kernels can be compiled and a GPU can run them, else why not."""
    if not torch.cuda.is_available():
        built = 'no GPU was found' if torch.version.cuda else 'this torch is built without CUDA'
        return f'torch.cuda is not available: {built}'
    major, minor = torch.cuda.get_device_capability()
    if 10 * major + minor < MIN_COMPUTE_CAPABILITY:
        return f'compute capability {major}.{minor} is below {MIN_COMPUTE_CAPABILITY / 10}'
    try:
        cuda_compiler.find_compiler()
        _driver()
    except KernelsUnavailableError as error:
        return str(error)
    return None
