"""How the CUDA kernels of sparse convolution cut two widths into tiles, and the memory of a block."""

from __future__ import annotations

import functools
from typing import NamedTuple

import torch

from ..cuda_runtime import ELEMENTS

TILE, PAIRS, THREADS = 128, 128, 256  # kTile, kPairs, kThreads
TURNED_PAIRS = 64  # kTurnedPairs
WARP, WARP_ROWS = 32, 16  # kWarp, kWarpRows
DEPTHS = 16, 32, 48
"""Input channels that a block multiplies at a time."""
WIDES = 1, 2, 4, 6, 8
"""Output channels of a block, in eights."""
SHARED_COST = 16
"""Cost of another tile over the same rows, in channels that it could be wider."""
NARROW = WIDES[:2]
"""Those that let more blocks share few rows; no sum depends on it."""


class Tiles(NamedTuple):
    """The kernels for a pair of widths.

    Attributes:
        definitions: macros (name, value) of the program.
        real: type of sums.
        column_tiles: blocks that share the output channels of the same rows.
        weight_tiles: blocks that share the weight gradient of the same pairs.
        weight_threads: threads of each of those.
        shared: bytes of shared memory of a block of the convolution.
        weight_shared: those of a block of the weight gradient.
    """

    definitions: tuple[tuple[str, object], ...]
    real: torch.dtype
    column_tiles: int
    weight_tiles: int
    weight_threads: int
    shared: int
    weight_shared: int


def cover(length: int, sizes: tuple[int, ...]) -> int:
    """Return the size whose multiples cover a length for the least, the smallest of equals.

    A tile costs its size and what it takes to bring the rows that it shares with the others.
    """
    return min(sizes, key=lambda size: (-(-length // size) * (size + SHARED_COST), size))


@functools.cache
def tiles(dtype: torch.dtype, channels: int, columns: int, matrix: bool, limit: int, narrow: bool) -> Tiles:
    """Return the tiles of a convolution; float64 takes the smaller sizes, and so does a small memory.

    Args:
        dtype: type of the features.
        channels: C of the features.
        columns: E of the outputs.
        matrix: whether tensor cores multiply, which take 16 bits.
        limit: bytes of shared memory that a block may have.
        narrow: whether more blocks are to share the output channels.
    """
    real = torch.promote_types(dtype, torch.float32)
    for cut in range(real == torch.float64, len(DEPTHS)):
        depths, wides = DEPTHS[: len(DEPTHS) - cut], WIDES[: len(WIDES) - 2 * cut]
        if _shared(depths[-1], 8 * wides[-1], real, matrix) <= limit:
            break
    wides = tuple(8 * wide for wide in (NARROW if narrow else wides))
    depth, width = cover(channels, depths), cover(columns, wides)
    rows = max(depth, WARP_ROWS)
    definitions = (
        ('SWIN3D_ELEMENT', ELEMENTS[dtype]), ('SWIN3D_REAL', ELEMENTS[real]), ('SWIN3D_DEPTH', depth),
        ('SWIN3D_WIDE', width // 8), ('SWIN3D_MATRIX', int(matrix)),
    )  # fmt: skip
    column_tiles = -(-columns // width)
    return Tiles(
        definitions,
        real,
        column_tiles,
        weight_tiles=-(-channels // rows) * column_tiles,
        weight_threads=rows // WARP_ROWS * WARP,
        shared=_shared(depth, width, real, matrix),
        weight_shared=_operands(TURNED_PAIRS, rows, TURNED_PAIRS, width, real, matrix) + 8 * TURNED_PAIRS,
    )


def _shared(depth: int, width: int, real: torch.dtype, matrix: bool) -> int:
    sums, rows = _bytes(real) * TILE * (width + 8), 4 * (2 * PAIRS + 2)
    return sums + _operands(PAIRS, depth, depth, width, real, matrix) + 8 * THREADS + rows


def _operands(
    left: int, left_length: int, right: int, right_length: int, real: torch.dtype, matrix: bool
) -> int:
    """Return the bytes of two matrices, whose rows are filled up against conflicts of banks."""
    if matrix:
        return 2 * (left * (left_length + 8) + right * (right_length + 8))
    return _bytes(real) * (left * (left_length + 4) + right * right_length)


def _bytes(real: torch.dtype) -> int:
    return torch.finfo(real).bits // 8
