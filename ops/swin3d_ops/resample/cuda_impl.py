"""Resampling by the CUDA kernels: memory, the inverse index, and the CUDA side of the operators."""

from __future__ import annotations

import ctypes

import torch
import torch.nn.functional as F

from .. import cuda_runtime, registration
from ..cuda_runtime import ELEMENTS
from . import cpu_impl  # defines the operators

SOURCE = 'resample.cuh'
THREADS = 256  # kThreads
WARP = 32
POINTERS = 'feats weight grad_out index entry start choice out grad_feats grad_weight'.split()
INTEGERS = ('sources', 'results', 'neighbours', 'channels')


class _Rows(ctypes.Structure):
    """The ctypes twin of ``struct Rows``."""

    _fields_ = [(name, ctypes.c_void_p) for name in POINTERS] + [(name, ctypes.c_int64) for name in INTEGERS]


def _launch(
    kernel: str,
    types: tuple[torch.dtype, torch.dtype],
    work: int,
    shared: int,
    sources: int,
    channels: int,
    **tensors: torch.Tensor,
) -> None:
    """Launch a kernel with a thread per piece of work.

    Args:
        kernel: Its name.
        types: Those of ``feats``, and of ``weight`` and ``out``; gradients have that of what they belong to.
        work: Number of threads.
        shared: Bytes of shared memory of a block.
        sources, channels: N and C.
        tensors: Members of the struct, contiguous.
    """
    if not work:
        return
    rows = _Rows(sources=sources, channels=channels)
    rows.results, rows.neighbours = tensors['index'].shape
    for name, tensor in tensors.items():
        setattr(rows, name, tensor.data_ptr())
    real = torch.float64 if torch.float64 in types else torch.float32
    names = ('SWIN3D_ELEMENT', 'SWIN3D_RESULT', 'SWIN3D_REAL')
    definitions = tuple((name, ELEMENTS[dtype]) for name, dtype in zip(names, (*types, real)))
    program = cuda_runtime.program(SOURCE, definitions, tensors['index'].device)
    program.launch(kernel, (-(-work // THREADS), 1), THREADS, shared, rows)


def inverse_index(index: torch.Tensor, num_rows: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the entries of ``index`` sorted by the row they name, and each row's bounds among them."""
    row, entry = index.flatten().sort(stable=True)
    return entry, torch.searchsorted(row, torch.arange(num_rows + 1, device=index.device))


def max_forward(feats, index):
    """Return the maxima (M, C) and the neighbour (M, C) int32 that gave each."""
    feats, index = feats.contiguous(), index.contiguous()
    out = feats.new_empty(index.shape[0], feats.shape[1])
    choice = torch.empty_like(out, dtype=torch.int32)
    types = feats.dtype, feats.dtype
    _launch(
        'gather_max', types, out.numel(), 0, *feats.shape, feats=feats, index=index, out=out, choice=choice
    )  # fmt: skip
    return out, choice


def max_backward(grad_out, index, choice, num_rows):
    """Return the gradient of feats, (N, C)."""
    grad_out, index, choice = grad_out.contiguous(), index.contiguous(), choice.contiguous()
    grad = grad_out.new_empty(num_rows, grad_out.shape[1])
    entry, start = inverse_index(index, num_rows)
    types = grad.dtype, grad.dtype
    _launch(
        'gather_max_backward', types, grad.numel(), 0, *grad.shape, grad_out=grad_out, index=index,
        choice=choice, entry=entry, start=start, grad_feats=grad,
    )  # fmt: skip
    return grad


def sum_forward(feats, index, weight):
    """Return the weighted sums, (M, C), in the dtype of ``weight``."""
    feats, index, weight = feats.contiguous(), index.contiguous(), weight.contiguous()
    out = weight.new_empty(index.shape[0], feats.shape[1])
    _launch(
        'interpolate', (feats.dtype, weight.dtype), out.numel(), 0, *feats.shape, feats=feats, index=index,
        weight=weight, out=out,
    )  # fmt: skip
    return out


def sum_feats_grad(grad_out, index, weight, num_rows, dtype):
    """Return the gradient of feats, (N, C)."""
    grad_out, index, weight = grad_out.contiguous(), index.contiguous(), weight.contiguous()
    grad = grad_out.new_empty(num_rows, grad_out.shape[1], dtype=dtype)
    entry, start = inverse_index(index, num_rows)
    _launch(
        'interpolate_feats_grad', (dtype, weight.dtype), grad.numel(), 0, *grad.shape, grad_out=grad_out,
        index=index, weight=weight, entry=entry, start=start, grad_feats=grad,
    )  # fmt: skip
    return grad


def sum_weight_grad(grad_out, feats, index):
    """Return the gradient of weight, (M, K)."""
    grad_out, feats, index = grad_out.contiguous(), feats.contiguous(), index.contiguous()
    grad = grad_out.new_empty(index.shape)
    shared = THREADS * (8 if feats.dtype == torch.float64 else 4)
    _launch(
        'interpolate_weight_grad', (feats.dtype, grad_out.dtype), grad.numel() * WARP, shared, *feats.shape,
        grad_out=grad_out, feats=feats, index=index, grad_weight=grad,
    )  # fmt: skip
    return grad


registration.implement('gather_max', max_forward, 'CUDA')
registration.implement('gather_max_backward', max_backward, 'CUDA')
registration.implement('interpolate', sum_forward, 'CUDA')
registration.implement('interpolate_feats_grad', sum_feats_grad, 'CUDA')
registration.implement('interpolate_weight_grad', sum_weight_grad, 'CUDA')
gather_max = cpu_impl.gather_max  # the operators take the kernels of their tensors' device
interpolate = cpu_impl.interpolate


def linear_gather_max(feats: torch.Tensor, weight: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    """Compute out_m = max_k (feats weight^T)[index_mk]."""
    return gather_max(F.linear(feats, weight), index)
