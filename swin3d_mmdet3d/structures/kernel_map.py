"""Kernel maps of sparse convolution: which input voxel meets which output voxel under which weight."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import torch
from swin3d_ops.site_conv import OffsetPairs
from swin3d_ops.voxel_index import lookup_neighbors
from torch import Tensor

BLOCK_ROWS = 4096
"""Outputs that a CPU works on at a time: their rows stay in its cache."""


class KernelBlock(NamedTuple):
    """The pairs of a run of outputs, ordered by kernel offset.

    Attributes:
        start: First output row.
        stop: Row after the last.
        source: ``(P,)`` int32 input rows.
        target: ``(P,)`` int32 output rows, counted from ``start``.
        counts: Pairs under each of the kernel's offsets.
    """

    start: int
    stop: int
    source: Tensor
    target: Tensor
    counts: list[int]

    def pairs(self) -> Iterator[tuple[int, Tensor, Tensor]]:
        """Offset, input rows and output rows, for each offset that has any."""
        sources, targets = self.source.split(self.counts), self.target.split(self.counts)
        for offset, (source, target) in enumerate(zip(sources, targets)):
            if len(source):
                yield offset, source, target


@dataclass(frozen=True, eq=False)
class KernelMap:
    """All pairs of input and output voxels of a sparse convolution.

    Attributes:
        num_sources: Input voxels N.
        num_targets: Output voxels M.
        blocks: The pairs, by runs of output rows that cover 0 .. M.
    """

    num_sources: int
    num_targets: int
    blocks: tuple[KernelBlock, ...]

    @classmethod
    def from_rows(cls, rows: Tensor, num_sources: int) -> KernelMap:
        """Map of a table ``(K, M)`` int64: input row of each output under each offset, -1 for none."""
        num_targets = rows.shape[1]
        block_rows = num_targets if rows.is_cuda else BLOCK_ROWS
        blocks = []
        for start in range(0, num_targets, max(block_rows, 1)):
            part = rows[:, start : start + block_rows]
            present = part >= 0
            blocks.append(
                KernelBlock(
                    start,
                    start + part.shape[1],
                    source=part[present].int(),
                    target=present.nonzero()[:, 1].int(),
                    counts=present.sum(1).tolist(),
                )
            )
        return cls(num_sources, num_targets, tuple(blocks))

    @cached_property
    def offset_pairs(self) -> OffsetPairs:
        """The pairs of all blocks offset by offset, as the fused kernels take them; made once, kept."""
        sources = [block.source.split(block.counts) for block in self.blocks]
        targets = [(block.target + block.start).split(block.counts) for block in self.blocks]
        return OffsetPairs.ordered(
            torch.cat([part for parts in zip(*sources) for part in parts]),
            torch.cat([part for parts in zip(*targets) for part in parts]),
            [sum(counts) for counts in zip(*(block.counts for block in self.blocks))],
            self.num_sources,
            self.num_targets,
        )


def kernel_map_between(sources: Tensor, targets: Tensor, kernel_size: int) -> KernelMap:
    """Map of a convolution with a cubic kernel from sites to sites of one grid.

    Args:
        sources: ``(N, 4)`` integers (batch, x, y, z), distinct.
        targets: ``(M, 4)`` integers (batch, x, y, z) on the same grid.
        kernel_size: Edge of the kernel; offsets as in ``lookup_neighbors``, z fastest.
    """
    return KernelMap.from_rows(lookup_neighbors(sources, targets, kernel_size), len(sources))


def transposed_kernel_map(children: Tensor) -> KernelMap:
    """Map of a transposed convolution that writes input row n to output row ``children[k, n]``.

    Args:
        children: ``(K, N)`` int64, the output row of each input under each offset; every row of 0 .. M - 1
            occurs.
    """
    count, num_sources = children.shape
    block = KernelBlock(
        0,
        int(children.max()) + 1 if num_sources else 0,
        source=torch.arange(num_sources, dtype=torch.int32, device=children.device).repeat(count),
        target=children.flatten().int(),
        counts=[num_sources] * count,
    )
    return KernelMap(num_sources, block.stop, (block,) if num_sources else ())
