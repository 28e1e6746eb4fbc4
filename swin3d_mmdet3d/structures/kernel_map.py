"""Kernel maps of sparse convolution: which input voxel meets which output voxel under which weight."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import torch
from swin3d_ops.neighbors import neighbor_pairs
from swin3d_ops.site_conv import OffsetPairs
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
        pairs: Pairs of N input and M output rows, offset by offset, as the fused kernels take them.
    """

    pairs: OffsetPairs

    @classmethod
    def from_rows(cls, rows: Tensor, num_sources: int) -> KernelMap:
        """Map of a table ``(K, M)`` int64: input row of each output under each offset, -1 for none."""
        return cls(OffsetPairs.from_rows(rows, num_sources))

    def grouped(self, group: Tensor, num_groups: int) -> KernelMap:
        """Map with a kernel for each group of outputs: offset k of group g stands at ``g K + k``.

        Args:
            group: ``(M,)`` int64 group of each output, ascending.
            num_groups: Number of groups.
        """
        return KernelMap(self.pairs.grouped(group, num_groups))

    @property
    def num_sources(self) -> int:
        """Input voxels N."""
        return self.pairs.num_sources

    @property
    def num_targets(self) -> int:
        """Output voxels M."""
        return self.pairs.num_targets

    @cached_property
    def blocks(self) -> tuple[KernelBlock, ...]:
        """The pairs by runs of output rows that cover 0 .. M, as the PyTorch form takes them."""
        source, target, ptr = self.pairs.source, self.pairs.target, self.pairs.ptr
        if not len(source):
            return ()
        if source.is_cuda:
            return (KernelBlock(0, self.num_targets, source, target, ptr.diff().tolist()),)
        runs = target // BLOCK_ROWS
        offset = torch.repeat_interleave(torch.arange(len(ptr) - 1), ptr.diff(), output_size=len(target))
        num_runs = -(-self.num_targets // BLOCK_ROWS)
        cells = torch.bincount(runs * (len(ptr) - 1) + offset, minlength=num_runs * (len(ptr) - 1))
        counts = cells.view(num_runs, -1)
        order = runs.sort(stable=True).indices  # keeps the offsets' order within a run
        parts = (rows[order].split(counts.sum(1).tolist()) for rows in (source, target % BLOCK_ROWS))
        starts = range(0, self.num_targets, BLOCK_ROWS)
        return tuple(
            KernelBlock(start, min(start + BLOCK_ROWS, self.num_targets), *part, count)
            for start, *part, count in zip(starts, *parts, counts.tolist())
        )


def kernel_map_between(sources: Tensor, targets: Tensor, kernel_size: int) -> KernelMap:
    """Map of a convolution with a cubic kernel from sites to sites of one grid.

    Args:
        sources: ``(N, 4)`` integers (batch, x, y, z), distinct.
        targets: ``(M, 4)`` integers (batch, x, y, z) on the same grid.
        kernel_size: Edge of the kernel; offsets as in ``neighbor_pairs``, z fastest.
    """
    return KernelMap(neighbor_pairs(sources, targets, kernel_size))


def transposed_kernel_map(children: Tensor) -> KernelMap:
    """Map of a transposed convolution that writes input row n to output row ``children[k, n]``.

    Args:
        children: ``(K, N)`` int64, the output row of each input under each offset; every row of 0 .. M - 1
            occurs.
    """
    count, num_sources = children.shape
    source = torch.arange(num_sources, dtype=torch.int32, device=children.device).repeat(count)
    num_targets = int(children.max()) + 1 if num_sources else 0
    return KernelMap(
        OffsetPairs.ordered(source, children.flatten().int(), [num_sources] * count, num_sources, num_targets)
    )
