"""Pairs of rows that meet under the offsets of a sparse convolution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import InitVar, dataclass

import torch

from ..arguments import check_int, check_rows, check_tensor
from ..contents import kept

MAX_ROWS = 2**31 - 1


@dataclass(frozen=True, eq=False)
class OffsetPairs:
    """Pairs ordered by offset and, under an offset, by target row.

    Built by :meth:`ordered`, :meth:`from_rows` or :func:`swin3d_ops.neighbors.neighbor_pairs`.

    Attributes:
        source: (P,) int32 rows in [0, num_sources).
        target: (P,) int32 rows in [0, num_targets), not descending under an offset.
        ptr: (K + 1,) int64, offset k holds the pairs [ptr[k], ptr[k + 1]).
        num_sources: rows N of the input, below 2**31.
        num_targets: rows M of the output, below 2**31.
        mirrored: whether offset K - 1 - k holds the pairs of offset k exchanged, as an odd kernel's do
            between sites and themselves; taken on trust.

    Args:
        known: whether the values need no look. Those of tensors on a GPU, which would have to be waited for,
            and of tensors in compiled code get none.

    Raises:
        TypeError: tensors or sizes of the wrong type.
        ValueError: wrong shapes, devices or sizes, bounds that do not ascend from 0 to P, rows out of range
            or out of order.
    """

    source: torch.Tensor
    target: torch.Tensor
    ptr: torch.Tensor
    num_sources: int
    num_targets: int
    mirrored: bool = False
    known: InitVar[bool] = False

    def __post_init__(self, known: bool) -> None:
        for name in ('num_sources', 'num_targets'):
            check_int(name, getattr(self, name), 0, MAX_ROWS)
        self.check()
        if not (known or self.source.is_cuda or torch.compiler.is_compiling()):
            self._check_values()

    def check(self) -> None:
        """Raise unless dtypes, shapes and devices are right, whatever the tensors hold."""
        for name, dtype in (('source', torch.int32), ('target', torch.int32), ('ptr', torch.int64)):
            values = getattr(self, name)
            _check_list(name, values, dtype)
            if values.device != self.source.device:
                raise ValueError(f'{name} must be on {self.source.device} as source, got {values.device}')
        if len(self.target) != len(self.source):
            raise ValueError(
                f'target must have the length of source, {len(self.source)}, got {len(self.target)}'
            )
        if not len(self.ptr):
            raise ValueError('ptr must have shape (K + 1,), got (0,)')

    def _check_bounds(self) -> None:
        ptr, count = self.ptr, len(self.source)
        if int(ptr[0]) != 0 or int(ptr[-1]) != count or bool((ptr.diff() < 0).any()):
            raise ValueError(f'ptr must ascend from 0 to {count}, got {ptr.tolist()}')

    def _check_values(self) -> None:
        self._check_bounds()
        check_rows('source', self.source, self.num_sources)
        check_rows('target', self.target, self.num_targets)
        descents = (self.target[1:] < self.target[:-1]).nonzero().flatten() + 1
        if not torch.isin(descents, self.ptr).all():
            raise ValueError('target must not descend under an offset')

    @classmethod
    def from_rows(cls, rows: torch.Tensor, num_sources: int, mirrored: bool = False) -> OffsetPairs:
        """Return the pairs of a table.

        Args:
            rows: (K, M) int32 or int64, the input row of each output row under each offset, -1 for none.
            num_sources: rows N of the input.
            mirrored: as the attribute.

        Raises:
            TypeError: rows of another type.
            ValueError: a wrong shape, or on the CPU a row out of range.
        """
        check_tensor('rows', rows)
        if rows.dtype not in (torch.int32, torch.int64):
            raise TypeError(f'rows must hold int32 or int64, got {rows.dtype}')
        if rows.ndim != 2:
            raise ValueError(f'rows must have shape (K, M), got {tuple(rows.shape)}')
        if rows.numel() and not rows.is_cuda:
            low, high = (int(bound) for bound in rows.aminmax())
            if low < -1 or high >= num_sources:
                raise ValueError(f'rows must lie in [-1, {num_sources}), got [{low}, {high}]')
        present = rows >= 0
        ptr = torch.nn.functional.pad(present.sum(1).cumsum(0), (1, 0))
        target = present.nonzero()[:, 1].int()
        return cls(rows[present].int(), target, ptr, num_sources, rows.shape[1], mirrored, known=True)

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
            _check_list(name, rows, torch.int32)
            check_int(f'num_{name}s', limit, 0, MAX_ROWS)
            check_rows(name, rows, limit)
        if len(source) != len(target) or sum(counts) != len(source) or min(counts, default=0) < 0:
            raise ValueError(
                f'source and target must have the sum of counts, {sum(counts)}, as length, '
                f'got {len(source)} and {len(target)}'
            )
        ptr = torch.tensor([0, *counts], dtype=torch.int64, device=source.device).cumsum(0)
        rows = _sort_targets(source, target, ptr, num_targets)
        return cls(*rows, ptr, num_sources, num_targets, known=True)

    def grouped(self, group: torch.Tensor, num_groups: int) -> OffsetPairs:
        """The pairs under G K offsets: g K + k holds those of offset k whose target is of group g.

        Args:
            group: (M,) int64 group in [0, num_groups) of each target, ascending.
            num_groups: groups G.

        Raises:
            TypeError: groups that are no int64.
            ValueError: a wrong shape or device, or on the CPU groups out of range or order.
        """
        self._check_groups(group, num_groups)
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
        rows = self.source[order], self.target[order]
        return OffsetPairs(*rows, ptr, self.num_sources, self.num_targets, known=True)

    def _check_groups(self, group: torch.Tensor, num_groups: int) -> None:
        _check_list('group', group, torch.int64)
        check_int('num_groups', num_groups, 1 if len(group) else 0, MAX_ROWS)
        if len(group) != self.num_targets or group.device != self.source.device:
            raise ValueError(
                f'group must have shape ({self.num_targets},) on {self.source.device}, '
                f'got {tuple(group.shape)} on {group.device}'
            )
        if not group.is_cuda:
            check_rows('group', group, num_groups)
            if (group[1:] < group[:-1]).any():
                raise ValueError('group must ascend')

    @property
    def exchanged(self) -> OffsetPairs:
        """The pairs with sources and targets exchanged, in their order: the map of the input gradient.

        Kept until torch writes into the pairs.
        """
        return kept(self, 'exchanged', (self.source, self.target, self.ptr), self._exchange)

    def _exchange(self) -> OffsetPairs:
        if not self.ptr.is_cuda:
            self._check_bounds()
        if self.mirrored:
            rows = self._offsets_reversed(self.source), self._offsets_reversed(self.target)
        else:
            rows = _sort_targets(self.target, self.source, self.ptr, self.num_sources)
        return OffsetPairs(*rows, self.ptr, self.num_targets, self.num_sources, self.mirrored, known=True)

    def _offsets_reversed(self, rows: torch.Tensor) -> torch.Tensor:
        return torch.cat(rows.split(self.ptr.diff().tolist())[::-1])


def _check_list(name: str, values: torch.Tensor, dtype: torch.dtype) -> None:
    check_tensor(name, values)
    if values.dtype != dtype:
        raise TypeError(f'{name} must be an {str(dtype).removeprefix("torch.")} tensor, got {values.dtype}')
    if values.ndim != 1:
        raise ValueError(f'{name} must be a list, got shape {tuple(values.shape)}')


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
