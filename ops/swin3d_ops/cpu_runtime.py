"""Calls into the CPU library with tensors: loading once, pointers, number of threads."""

from __future__ import annotations

import ctypes
import functools
import os

import torch

from .cpu_library import CpuLibrary, KernelsUnavailableError, find_or_compile

SUFFIX = {torch.float32: 'f32', torch.float64: 'f64'}
_forked = False


def _after_fork() -> None:
    # A forked child that enters a parallel region of its parent's OpenMP hangs: one thread there.
    global _forked
    _forked = True


if hasattr(os, 'register_at_fork'):
    os.register_at_fork(after_in_child=_after_fork)


@functools.cache
def library() -> CpuLibrary:
    """Return the loaded library; raises KernelsUnavailableError with the reason."""
    return CpuLibrary(find_or_compile())


@functools.cache
def reason_unavailable() -> str | None:
    """Return None when the library loads, else why not."""
    try:
        library()
    except KernelsUnavailableError as error:
        return str(error)
    return None


def num_threads() -> int:
    """Return the number of threads that a kernel may use."""
    return 1 if _forked else torch.get_num_threads()


class _Address(ctypes.c_void_p):
    """An address that keeps the tensor there alive, which may have no other name, as a contiguous copy."""


def pointer(tensor: torch.Tensor | None) -> ctypes.c_void_p | None:
    """Return the address of a contiguous CPU tensor; None, C's null, for none."""
    if tensor is None:
        return None
    address = _Address(tensor.data_ptr())
    address.tensor = tensor
    return address


def pointers(*tensors: torch.Tensor) -> ctypes.Array:
    """Return an array of the addresses of contiguous CPU tensors, which it keeps alive."""
    addresses = (ctypes.c_void_p * len(tensors))(*(tensor.data_ptr() for tensor in tensors))
    addresses.tensors = tensors
    return addresses


def integers(values) -> ctypes.Array:
    """Return a C array of 64-bit integers."""
    return (ctypes.c_int64 * len(values))(*values)


def call(name: str, dtype: torch.dtype, *arguments) -> None:
    """Call a kernel by name and element type; the number of threads is added at the end."""
    library().call(f'{name}_{SUFFIX[dtype]}', *arguments, ctypes.c_int(num_threads()))


def widened(tensor: torch.Tensor) -> torch.Tensor:
    """Return the tensor contiguous, in float32 or float64."""
    return tensor.contiguous() if tensor.dtype in SUFFIX else tensor.float().contiguous()


def row_factors(row_weight: torch.Tensor | None, dtype: torch.dtype) -> torch.Tensor | None:
    """Return the weights of rows contiguous, in the type of the kernel that is called; None for none."""
    return None if row_weight is None else row_weight.to(dtype).contiguous()
