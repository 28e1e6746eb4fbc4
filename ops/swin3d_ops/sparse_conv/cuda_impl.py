"""Sparse convolution by the CUDA kernels: arguments, memory, and the CUDA side of the operators."""

from __future__ import annotations

import ctypes

import torch

from .. import cuda_runtime, registration
from . import cpu_impl  # defines the operators
from .cuda_tiles import THREADS, TILE, TURNED_PAIRS, Tiles, tiles

SOURCE = 'sparse_conv.cuh'
SUM_THREADS = 256  # kSumThreads
BLOCKS_PER_MULTIPROCESSOR = 8
"""Blocks that the weight gradient is cut into at least, if they have pairs enough."""
LEAST_PIECE = 4 * TURNED_PAIRS
POINTERS = 'feats weight grad_out source target ptr out partial grad_weight'.split()
INTEGERS = 'offset_step channel_step targets offsets channels columns piece fours'.split()


class _Convolution(cuda_runtime.Arguments):
    """The ctypes twin of ``struct Convolution``."""

    _fields_ = [(name, ctypes.c_void_p) for name in POINTERS] + [(name, ctypes.c_int64) for name in INTEGERS]


def _tiles(
    dtype: torch.dtype, channels: int, columns: int, device: torch.device, narrow: bool = False
) -> Tiles:
    """Return the tiles on a device; 16 bits are multiplied by tensor cores if it has any, else one by one."""
    matrix = dtype in (torch.float16, torch.bfloat16) and cuda_runtime.has_tensor_cores(device)
    return tiles(dtype, channels, columns, matrix, cuda_runtime.shared_limit(device), narrow)


def _piece(num_pairs: int, blocks: int) -> int:
    """Return how many pairs share a sum, a multiple of what a block multiplies at a time."""
    return max(LEAST_PIECE, -(-num_pairs // (blocks * TURNED_PAIRS)) * TURNED_PAIRS)


def _problem(offsets, channels, columns, targets, fours=(), **tensors) -> _Convolution:
    """Return the arguments of the kernels; the ``fours`` are the tensors whose rows they read by fours."""
    problem = _Convolution(offsets=offsets, channels=channels, columns=columns, targets=targets)
    problem.set_pointers(**tensors)
    aligned = all(tensor.data_ptr() % (4 * min(tensor.element_size(), 4)) == 0 for tensor in fours)
    problem.fours = channels % 4 == 0 and columns % 4 == 0 and aligned
    return problem


def _matrices(weight: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Return the weight in the type of the features, its rows whole in memory and, if possible, aligned."""
    ready = weight.dtype == dtype and weight.stride(2) == 1
    if ready and (weight.shape[2] % 4 or weight.stride(0) % 4 == weight.stride(1) % 4 == 0):
        return weight
    return torch.empty(weight.shape, dtype=dtype, device=weight.device).copy_(weight)


def forward(feats, weight, source, target, back_source, back_target, ptr, num_targets):
    """Return the sums over pairs, (M, E)."""
    channels, columns = weight.shape[1:]
    if not (len(source) and channels and num_targets and columns):
        return feats.new_zeros(num_targets, columns)
    rows = dict(source=source.contiguous(), target=target.contiguous(), ptr=ptr.contiguous())
    fours = feats, weight = feats.contiguous(), _matrices(weight, feats.dtype)
    out = feats.new_empty(num_targets, columns)
    problem = _problem(*weight.shape, num_targets, fours, feats=feats, weight=weight, out=out, **rows)
    problem.offset_step, problem.channel_step = weight.stride()[:2]
    blocks = -(-num_targets // TILE)
    sizes = _tiles(feats.dtype, channels, columns, feats.device)
    if blocks * sizes.column_tiles < cuda_runtime.multiprocessors(feats.device):
        sizes = _tiles(feats.dtype, channels, columns, feats.device, narrow=True)
    program = cuda_runtime.program(SOURCE, sizes.definitions, feats.device)
    program.launch('convolve', (blocks, sizes.column_tiles), THREADS, sizes.shared, problem)
    return out


def weight_grad(feats, grad_out, source, target, ptr):
    """Return the gradient of the weight, (K, C, E), float32 or wider."""
    offsets, channels, columns = len(ptr) - 1, feats.shape[1], grad_out.shape[1]
    real = torch.promote_types(feats.dtype, torch.float32)
    if not (offsets and channels and columns and len(source)):
        return feats.new_zeros(offsets, channels, columns, dtype=real)
    rows = dict(source=source.contiguous(), target=target.contiguous(), ptr=ptr.contiguous())
    fours = feats, grad_out = feats.contiguous(), grad_out.contiguous()
    sizes = _tiles(feats.dtype, channels, columns, feats.device)
    program = cuda_runtime.program(SOURCE, sizes.definitions, feats.device)
    piece = _piece(
        len(source) * sizes.weight_tiles,
        BLOCKS_PER_MULTIPROCESSOR * cuda_runtime.multiprocessors(feats.device),
    )
    pieces = len(source) // piece + offsets
    grad, partial = (
        feats.new_empty(count, channels, columns, dtype=real) for count in (offsets, pieces)
    )  # fmt: skip
    problem = _problem(
        *grad.shape, len(grad_out), fours, feats=feats, grad_out=grad_out, partial=partial, grad_weight=grad,
        **rows,
    )  # fmt: skip
    problem.piece = piece
    grid = pieces, sizes.weight_tiles
    program.launch('weight_partials', grid, sizes.weight_threads, sizes.weight_shared, problem)
    program.launch('sum_pieces', (-(-grad.numel() // SUM_THREADS), 1), SUM_THREADS, 0, problem)
    return grad


registration.implement('sparse_conv', forward, 'CUDA')
registration.implement('sparse_conv_weight_grad', weight_grad, 'CUDA')
sparse_conv = cpu_impl.sparse_conv  # the operators take the kernels of their tensors' device
