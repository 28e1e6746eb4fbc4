"""Pairs of rows that meet under the offsets of a sparse convolution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch


@dataclass(frozen=True, eq=False)
class OffsetPairs:
    """Pairs ordered by offset and, under an offset, by target row.

    Built by :meth:`ordered`, :meth:`from_rows` or :func:`swin3d_ops.neighbors.neighbor_pairs`.

    Attributes:
        source: (P,) int32 rows in [0, num_sources).
        target: (P,) int32 rows in [0, num_targets).
        ptr: (K + 1,) int64, offset k holds the pairs [ptr[k], ptr[k + 1]).
        num_sources: rows N of the input.
        num_targets: rows M of the output.
        mirrored: whether offset K - 1 - k holds the pairs of offset k exchanged, as an odd kernel's do
            between sites and themselves.
    """

    source: torch.Tensor
    target: torch.Tensor
    ptr: torch.Tensor
    num_sources: int
    num_targets: int
    mirrored: bool = False

    @classmethod
    def from_rows(cls, rows: torch.Tensor, num_sources: int, mirrored: bool = False) -> OffsetPairs:
        """Return the pairs of a table.

        Args:
            rows: (K, M) integers, the input row of each output row under each offset, -1 for none.
            num_sources: rows N of the input.
            mirrored: as the attribute.
        """
        present = rows >= 0
        ptr = torch.nn.functional.pad(present.sum(1).cumsum(0), (1, 0))
        target = present.nonzero()[:, 1].int()
        return cls(rows[present].int(), target, ptr, num_sources, rows.shape[1], mirrored)

    @classmethod
    def ordered(
        cls,
        source: torch.Tensor,
        target: torch.Tensor,
        counts: Sequence[int],
        num_sources: int,
        num_targets: int,
    ) -> OffsetPairs:
        """Put pairs that come offset by offset in order, which costs a sort where they are not yet.

        Args:
            source: (P,) int32 input rows.
            target: (P,) int32 output rows.
            counts: pairs under each of the K offsets; they add up to P.
            num_sources: rows of the input.
            num_targets: rows of the output.

        Raises:
            TypeError: rows that are not int32.
            ValueError: wrong shapes or counts, or a row out of range.
        """
        for name, rows, limit in (('source', source, num_sources), ('target', target, num_targets)):
            _check_rows(name, rows, limit)
        if len(source) != len(target) or sum(counts) != len(source) or min(counts, default=0) < 0:
            raise ValueError(
                f'source and target must have the sum of counts, {sum(counts)}, as length, '
                f'got {len(source)} and {len(target)}'
            )
        ptr = torch.tensor([0, *counts], dtype=torch.int64, device=source.device).cumsum(0)
        return cls(*_sort_targets(source, target, ptr, num_targets), ptr, num_sources, num_targets)

    def grouped(self, group: torch.Tensor, num_groups: int) -> OffsetPairs:
        """The pairs under G K offsets: g K + k holds those of offset k whose target is of group g.

        Args:
            group: (M,) int64 group in [0, num_groups) of each target, ascending.
            num_groups: groups G.
        """
        num_offsets = len(self.ptr) - 1
        offset = torch.arange(num_offsets, device=self.ptr.device)
        offset = torch.repeat_interleave(offset, self.ptr.diff(), output_size=len(self.target))
        cells = torch.bincount(
            offset * num_groups + group[self.target], minlength=num_offsets * num_groups
        ).view(num_offsets, num_groups)
        first = (cells.flatten().cumsum(0).view_as(cells) - cells).t().flatten()
        cells = cells.t().flatten()
        ptr = torch.nn.functional.pad(cells.cumsum(0), (1, 0))
        order = torch.arange(len(self.target), device=ptr.device)
        order += torch.repeat_interleave(first - ptr[:-1], cells, output_size=len(order))
        return OffsetPairs(self.source[order], self.target[order], ptr, self.num_sources, self.num_targets)

    @cached_property
    def exchanged(self) -> OffsetPairs:
        """The pairs with sources and targets exchanged, in their order: the map of the input gradient."""
        if self.mirrored:
            rows = self._offsets_reversed(self.source), self._offsets_reversed(self.target)
        else:
            rows = _sort_targets(self.target, self.source, self.ptr, self.num_sources)
        return OffsetPairs(*rows, self.ptr, self.num_targets, self.num_sources, self.mirrored)

    def _offsets_reversed(self, rows: torch.Tensor) -> torch.Tensor:
        return torch.cat(rows.split(self.ptr.diff().tolist())[::-1])


def _check_rows(name: str, rows: torch.Tensor, limit: int) -> None:
    if not isinstance(rows, torch.Tensor) or rows.dtype != torch.int32:
        got = rows.dtype if isinstance(rows, torch.Tensor) else type(rows).__name__
        raise TypeError(f'{name} must be an int32 tensor, got {got}')
    if rows.ndim != 1:
        raise ValueError(f'{name} must have shape (P,), got {tuple(rows.shape)}')
    if len(rows):
        low, high = (int(bound) for bound in rows.aminmax())
        if low < 0 or high >= limit:
            raise ValueError(f'{name} must lie in [0, {limit}), got [{low}, {high}]')


def _sort_targets(
    source: torch.Tensor, target: torch.Tensor, ptr: torch.Tensor, num_targets: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Order pairs by target under each offset; pairs of sorted voxels already are."""
    offset = torch.arange(len(ptr) - 1, device=ptr.device)
    key = torch.repeat_interleave(offset * num_targets, ptr.diff(), output_size=len(target)) + target
    if (key[1:] >= key[:-1]).all():
        return source.contiguous(), target.contiguous()
    order = torch.sort(key, stable=True).indices
    return source[order], target[order]
