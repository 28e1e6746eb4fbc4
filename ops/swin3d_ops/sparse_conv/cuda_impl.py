"""Sparse convolution by the CUDA kernels: sizes of tiles, memory, and the CUDA side of the operators."""

from __future__ import annotations

import ctypes

import torch

from .. import cuda_runtime, registration
from ..cuda_runtime import ELEMENTS
from . import cpu_impl  # defines the operators

SOURCE = 'sparse_conv.cuh'
TILE, PAIRS, THREADS = 128, 128, 256  # kTile, kPairs, kThreads
TURNED_PAIRS, SUM_THREADS = 64, 256  # kTurnedPairs, kSumThreads
WARP_ROWS = 16  # kWarpRows
DEPTHS = 16, 32, 48
"""Input channels that a block multiplies at a time."""
WIDES = 1, 2, 4, 6, 8
"""Output channels of a block, in eights."""
BLOCKS_PER_MULTIPROCESSOR = 8
"""Blocks that the weight gradient is cut into at least, if they have pairs enough."""
LEAST_PIECE = 4 * TURNED_PAIRS
POINTERS = 'feats weight grad_out source target ptr out partial grad_weight'.split()
INTEGERS = 'offset_step channel_step targets offsets channels columns piece fours'.split()


class _Convolution(ctypes.Structure):
    """The ctypes twin of ``struct Convolution``."""

    _fields_ = [(name, ctypes.c_void_p) for name in POINTERS] + [(name, ctypes.c_int64) for name in INTEGERS]


def cover(length: int, sizes: tuple[int, ...]) -> int:
    """Return the size whose multiples cover a length with the least left over, the largest of equals."""
    return min(sizes, key=lambda size: (-(-length // size) * size, -size))


class _Tiles:
    """The kernels for one pair of widths on one device, and how they share the work.

    Numbers of 16 bits are multiplied by matrix units where there are any, others one by one.

    Args:
        dtype: type of the features.
        channels: C of the features.
        columns: E of the outputs.
        device: of the tensors.
    """

    def __init__(self, dtype: torch.dtype, channels: int, columns: int, device: torch.device) -> None:
        self.real = torch.promote_types(dtype, torch.float32)
        self._size = torch.finfo(self.real).bits // 8
        self._matrix = dtype.itemsize == 2 and cuda_runtime.has_matrix_units(device)
        depths, wides = self._sizes(cuda_runtime.shared_limit(device))
        self.depth, self.columns = cover(channels, depths), cover(columns, tuple(8 * wide for wide in wides))
        self.turned_rows = max(self.depth, WARP_ROWS)
        self.column_tiles = -(-columns // self.columns)
        self.row_tiles = -(-channels // self.turned_rows)
        definitions = (
            ('SWIN3D_ELEMENT', ELEMENTS[dtype]), ('SWIN3D_REAL', ELEMENTS[self.real]),
            ('SWIN3D_DEPTH', self.depth), ('SWIN3D_WIDE', self.columns // 8),
            ('SWIN3D_MATRIX', int(self._matrix)),
        )  # fmt: skip
        self.program = cuda_runtime.program(SOURCE, definitions, device)

    def _sizes(self, limit: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return the depths and widths of tiles that a block has memory for; float64 takes the smaller."""
        for cut in range(self.real == torch.float64, len(DEPTHS)):
            depths, wides = DEPTHS[: len(DEPTHS) - cut], WIDES[: len(WIDES) - 2 * cut]
            if self._shared(depths[-1], 8 * wides[-1]) <= limit:
                break
        return depths, wides

    def _operands(self, left: int, left_length: int, right: int, right_length: int) -> int:
        """Return the bytes of two matrices in shared memory, whose rows are filled up against conflicts."""
        if self._matrix:
            return 2 * (left * (left_length + 8) + right * (right_length + 8))
        return self._size * (left * (left_length + 4) + right * right_length)

    def _shared(self, depth: int, columns: int) -> int:
        sums, pairs = self._size * TILE * (columns + 8), 4 * (2 * PAIRS + 2)
        return sums + self._operands(PAIRS, depth, depth, columns) + 16 * THREADS + pairs

    def convolve(self, problem: _Convolution) -> None:
        """Launch the convolution."""
        grid = -(-problem.targets // TILE), self.column_tiles
        self.program.launch('convolve', grid, THREADS, self._shared(self.depth, self.columns), problem)

    def weight_gradient(self, problem: _Convolution, pieces: int) -> None:
        """Launch the sums over pieces of pairs, and the sums of those."""
        shared = self._operands(TURNED_PAIRS, self.turned_rows, TURNED_PAIRS, self.columns) + 8 * TURNED_PAIRS
        grid = pieces, self.row_tiles * self.column_tiles
        threads = self.turned_rows // WARP_ROWS * 32
        self.program.launch('weight_partials', grid, threads, shared, problem)
        numbers = problem.offsets * problem.channels * problem.columns
        self.program.launch('sum_pieces', (-(-numbers // SUM_THREADS), 1), SUM_THREADS, 0, problem)

    def piece(self, num_pairs: int) -> int:
        """Return how many pairs share a sum, a multiple of what a block multiplies at a time."""
        blocks = BLOCKS_PER_MULTIPROCESSOR * self.program.multiprocessors
        pairs = num_pairs * self.row_tiles * self.column_tiles // blocks
        return max(LEAST_PIECE, -(-pairs // TURNED_PAIRS) * TURNED_PAIRS)


def _problem(offsets, channels, columns, targets, fours=(), **tensors) -> _Convolution:
    """Return the arguments of the kernels; the ``fours`` are the tensors whose rows they read by fours."""
    problem = _Convolution(offsets=offsets, channels=channels, columns=columns, targets=targets)
    for name, tensor in tensors.items():
        setattr(problem, name, tensor.data_ptr())
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
    _Tiles(feats.dtype, channels, columns, feats.device).convolve(problem)
    return out


def weight_grad(feats, grad_out, source, target, ptr):
    """Return the gradient of the weight, (K, C, E), float32 or wider."""
    offsets, channels, columns = len(ptr) - 1, feats.shape[1], grad_out.shape[1]
    real = torch.promote_types(feats.dtype, torch.float32)
    if not (offsets and channels and columns and len(source)):
        return feats.new_zeros(offsets, channels, columns, dtype=real)
    rows = dict(source=source.contiguous(), target=target.contiguous(), ptr=ptr.contiguous())
    fours = feats, grad_out = feats.contiguous(), grad_out.contiguous()
    tiles = _Tiles(feats.dtype, channels, columns, feats.device)
    piece = tiles.piece(len(source))
    pieces = len(source) // piece + offsets
    grad, partial = (
        feats.new_empty(count, channels, columns, dtype=real) for count in (offsets, pieces)
    )  # fmt: skip
    problem = _problem(
        *grad.shape, len(grad_out), fours, feats=feats, grad_out=grad_out, partial=partial, grad_weight=grad,
        **rows,
    )  # fmt: skip
    problem.piece = piece
    tiles.weight_gradient(problem, pieces)
    return grad


registration.implement('sparse_conv', forward, 'CUDA')
registration.implement('sparse_conv_weight_grad', weight_grad, 'CUDA')
sparse_conv = cpu_impl.sparse_conv  # the operators take the kernels of their tensors' device
