"""The pairs of a kernel map by runs of output rows, few enough to stay in a CPU's cache."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch

BLOCK_ROWS = 4096
"""Outputs that a CPU works on at a time."""


class RowBlock(NamedTuple):
    """The pairs of a run of outputs, ordered by kernel offset.

    Attributes:
        start: First output row.
        stop: Row after the last.
        source: (P,) int32 input rows.
        target: (P,) int32 output rows, counted from ``start``.
        counts: Pairs under each of the kernel's offsets.
    """

    start: int
    stop: int
    source: torch.Tensor
    target: torch.Tensor
    counts: list[int]

    def pairs(self) -> Iterator[tuple[int, torch.Tensor, torch.Tensor]]:
        """Yield offset, input rows and output rows, for each offset that has any."""
        sources, targets = self.source.split(self.counts), self.target.split(self.counts)
        for offset, (source, target) in enumerate(zip(sources, targets)):
            if len(source):
                yield offset, source, target


def repeated_offsets(ptr: torch.Tensor, num_pairs: int) -> torch.Tensor:
    """Return the offset of each pair, (P,) int64, from the offsets' bounds (K + 1,)."""
    offset = torch.arange(len(ptr) - 1, device=ptr.device)
    return torch.repeat_interleave(offset, ptr.diff(), output_size=num_pairs)


def row_blocks(
    source: torch.Tensor, target: torch.Tensor, ptr: torch.Tensor, num_targets: int
) -> tuple[RowBlock, ...]:
    """Return the blocks that cover all output rows: on a GPU one, and none where there are no pairs.

    Args:
        source: (P,) int32 input rows, as those of a kernel map.
        target: (P,) int32 output rows.
        ptr: (K + 1,) int64 bounds of the offsets.
        num_targets: Output rows M.
    """
    if not len(source):
        return ()
    if source.is_cuda:
        return (RowBlock(0, num_targets, source, target, ptr.diff().tolist()),)
    runs, num_runs, num_offsets = target // BLOCK_ROWS, -(-num_targets // BLOCK_ROWS), len(ptr) - 1
    cells = runs * num_offsets + repeated_offsets(ptr, len(target))
    counts = torch.bincount(cells, minlength=num_runs * num_offsets).view(num_runs, -1)
    order = runs.sort(stable=True).indices  # keeps the offsets' order within a run
    parts = (rows[order].split(counts.sum(1).tolist()) for rows in (source, target % BLOCK_ROWS))
    starts = range(0, num_targets, BLOCK_ROWS)
    return tuple(
        RowBlock(start, min(start + BLOCK_ROWS, num_targets), *part, count)
        for start, *part, count in zip(starts, *parts, counts.tolist())
    )
