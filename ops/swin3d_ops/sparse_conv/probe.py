"""The tiny problems of sparse convolution's self-check."""

from __future__ import annotations

import torch

from ..self_check import differentiated, draw
from .kernel_map import KernelMap


def probe(run, dtype: torch.dtype) -> list[torch.Tensor]:
    """Convolve odd widths between other rows, and even widths over 27 offsets of a row of voxels."""
    results = []
    for kernel_map, channels, columns in ((_scattered(), 5, 18), (_line(40), 16, 32)):
        feats = draw(kernel_map.num_sources, channels)
        weight = draw(kernel_map.num_offsets, channels, columns) / 2
        results += differentiated(lambda f, w, over=kernel_map: run(f, w, over), dtype, feats, weight)
    return results


def _scattered() -> KernelMap:
    row = torch.arange(9, dtype=torch.int32)
    source, target = torch.cat([row, row[:5]]), torch.cat([row * 5 % 11, row[:5] + 2])
    return KernelMap.ordered(source, target, [9, 5], 9, 11)


def _line(length: int) -> KernelMap:
    """Voxels one behind another along z, each with itself and its two neighbours under the middle offsets."""
    table = torch.full((27, length), -1)
    for k, step in ((12, -1), (13, 0), (14, 1)):
        row = torch.arange(length) + step
        table[k] = torch.where((row >= 0) & (row < length), row, -1)
    return KernelMap.from_table(table, length, mirrored=True)
