"""Pairs of rows that meet under the offsets of a sparse convolution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch


@dataclass(frozen=True, eq=False)
class OffsetPairs:
    """Pairs ordered by offset and, under an offset, by target row; built by :meth:`ordered`.

    Attributes:
        source: (P,) int32 rows in [0, num_sources).
        target: (P,) int32 rows in [0, num_targets).
        ptr: (K + 1,) int64, offset k holds the pairs [ptr[k], ptr[k + 1]).
        num_sources: rows N of the input.
        num_targets: rows M of the output.
    """

    source: torch.Tensor
    target: torch.Tensor
    ptr: torch.Tensor
    num_sources: int
    num_targets: int

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

    @cached_property
    def exchanged(self) -> OffsetPairs:
        """The pairs with sources and targets exchanged, in their order: the map of the input gradient."""
        rows = _sort_targets(self.target, self.source, self.ptr, self.num_sources)
        return OffsetPairs(*rows, self.ptr, self.num_targets, self.num_sources)


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
