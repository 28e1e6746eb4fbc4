"""The kernel map of a sparse convolution: which input row meets which output row under which weight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import InitVar, dataclass

import torch

from ..arguments import check_int, check_rows, check_tensor
from ..contents import kept
from .offset_masks import sort_masks
from .pair_order import reversed_places, sort_targets
from .row_blocks import RowBlock, repeated_offsets, row_blocks

MAX_ROWS = 2**31 - 1


@dataclass(frozen=True, eq=False)
class KernelMap:
    """All pairs of N input and M output rows under K offsets, ordered by offset and then by output row.

    MinkowskiEngine and TorchSparse call it so; spconv, rulebook or indice pairs. Made by
    :func:`swin3d_ops.neighbors.kernel_map_between`, :meth:`from_table`, :meth:`ordered`, :meth:`transposed`.
    What a back-end derives from it is found once and kept until torch writes into the tensors.

    Attributes:
        source: (P,) int32 rows in [0, num_sources).
        target: (P,) int32 rows in [0, num_targets), not descending under an offset.
        ptr: (K + 1,) int64, offset k holds the pairs [ptr[k], ptr[k + 1]).
        num_sources: rows N of the input, below 2**31.
        num_targets: rows M of the output, below 2**31.
        mirrored: whether offset K - 1 - k holds the pairs of offset k exchanged, as an odd kernel's do
            between voxels and themselves.

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
        self._check_tensors()
        if known and not torch.compiler.is_compiling():
            self.kept('check', lambda: None)
        else:
            self.check()

    def check(self) -> None:
        """Raise unless the map makes sense; looks once, and again after a write that torch counts."""
        if torch.compiler.is_compiling():
            self._check_tensors()
        else:
            self.kept('check', self._check)

    def look(self) -> None:
        """Raise unless the values make sense, known or not; looks once, and again after a write."""
        if not self.source.is_cuda and not torch.compiler.is_compiling():
            self.kept('look', self._check_values)

    def _check(self) -> None:
        self._check_tensors()
        self.look()

    def _check_tensors(self) -> None:
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
        if not self._starts_offset((self.target[1:] < self.target[:-1]).nonzero().flatten() + 1):
            raise ValueError('target must not descend under an offset')
        if self.mirrored and not self._is_mirrored():
            raise ValueError('mirrored needs the pairs of offset k, exchanged, under offset K - 1 - k')

    def _is_mirrored(self) -> bool:
        if self.num_sources != self.num_targets or not torch.equal(self.ptr.diff(), self.ptr.diff().flip(0)):
            return False
        offset = self.offset_of_pair
        own = _sorted_pairs(offset, self.source, self.target)
        others = _sorted_pairs(self.num_offsets - 1 - offset, self.target, self.source)
        return all(map(torch.equal, own, others))

    def _starts_offset(self, places: torch.Tensor) -> bool:
        """Whether each of these pairs is the first of its offset."""
        return bool(torch.isin(places, self.ptr).all())

    @classmethod
    def from_table(cls, table: torch.Tensor, num_sources: int, mirrored: bool = False) -> KernelMap:
        """Return the map of a table.

        Args:
            table: (K, M) int32 or int64, the input row of each output row under each offset, -1 for none.
            num_sources: rows N of the input.
            mirrored: as the attribute.

        Raises:
            TypeError: a table of another type.
            ValueError: a wrong shape, or on the CPU a row out of range.
        """
        check_int('num_sources', num_sources, 0, MAX_ROWS)
        check_tensor('table', table)
        if table.dtype not in (torch.int32, torch.int64):
            raise TypeError(f'table must hold int32 or int64, got {table.dtype}')
        if table.ndim != 2:
            raise ValueError(f'table must have shape (K, M), got {tuple(table.shape)}')
        if table.numel() and not table.is_cuda:
            low, high = (int(bound) for bound in table.aminmax())
            if low < -1 or high >= num_sources:
                raise ValueError(f'table must lie in [-1, {num_sources}), got [{low}, {high}]')
        present = table >= 0
        ptr = torch.nn.functional.pad(present.sum(1).cumsum(0), (1, 0))
        target = present.nonzero()[:, 1].int()
        return cls(table[present].int(), target, ptr, num_sources, table.shape[1], mirrored, known=True)

    @classmethod
    def ordered(
        cls,
        source: torch.Tensor,
        target: torch.Tensor,
        counts: Sequence[int],
        num_sources: int,
        num_targets: int,
    ) -> KernelMap:
        """Put pairs that come offset by offset in order, which costs a sort where they are not yet.

        Args:
            source: (P,) int32 input rows.
            target: (P,) int32 output rows.
            counts: pairs under each of the K offsets; they add up to P.
            num_sources: rows of the input.
            num_targets: rows of the output.

        Raises:
            TypeError: rows that are not int32, or counts that are no ints.
            ValueError: wrong shapes or counts, or a row out of range.
        """
        if not isinstance(counts, Sequence) or not all(type(count) is int for count in counts):
            raise TypeError(f'counts must be a sequence of ints, got {counts!r:.100}')
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
        rows = sort_targets(source, target, ptr, num_targets)
        return cls(*rows, ptr, num_sources, num_targets, known=True)

    @classmethod
    def transposed(cls, children: torch.Tensor, num_targets: int) -> KernelMap:
        """Return the map of a transposed convolution that writes input row n to output ``children[k, n]``.

        Args:
            children: (K, N) int64, the output row of each input under each offset.
            num_targets: rows M of the output.

        Raises:
            TypeError: children that are no int64.
            ValueError: a wrong shape, or on the CPU a row out of range.
        """
        check_tensor('children', children)
        if children.dtype != torch.int64:
            raise TypeError(f'children must be an int64 tensor, got {children.dtype}')
        if children.ndim != 2:
            raise ValueError(f'children must have shape (K, N), got {tuple(children.shape)}')
        check_int('num_targets', num_targets, 0, MAX_ROWS)
        if not children.is_cuda and not torch.compiler.is_compiling():
            check_rows('children', children, num_targets)
        count, num_sources = children.shape
        source = torch.arange(num_sources, dtype=torch.int32, device=children.device).repeat(count)
        ptr = torch.arange(count + 1, device=children.device) * num_sources
        rows = sort_targets(source, children.flatten().int(), ptr, num_targets)
        return cls(*rows, ptr, num_sources, num_targets, known=True)

    def grouped(self, group: torch.Tensor, num_groups: int) -> KernelMap:
        """The map under G K offsets: g K + k holds the pairs of offset k whose target is of group g.

        Args:
            group: (M,) int64 group in [0, num_groups) of each target, ascending.
            num_groups: groups G.

        Raises:
            TypeError: groups that are no int64.
            ValueError: a wrong shape or device, or on the CPU groups out of range or order.
        """
        self._check_groups(group, num_groups)
        cells = torch.bincount(
            self.offset_of_pair * num_groups + group[self.target], minlength=self.num_offsets * num_groups
        ).view(self.num_offsets, num_groups)
        first = (cells.flatten().cumsum(0).view_as(cells) - cells).t().flatten()
        cells = cells.t().flatten()
        ptr = torch.nn.functional.pad(cells.cumsum(0), (1, 0))
        order = torch.arange(len(self.target), device=ptr.device)
        order += torch.repeat_interleave(first - ptr[:-1], cells, output_size=len(order))
        rows = self.source[order], self.target[order]
        return KernelMap(*rows, ptr, self.num_sources, self.num_targets, known=True)

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

    def to(self, device: torch.device | str) -> KernelMap:
        """Return the map on a device."""
        rows = (part.to(device) for part in (self.source, self.target, self.ptr))
        return KernelMap(*rows, self.num_sources, self.num_targets, self.mirrored, known=True)

    @property
    def num_offsets(self) -> int:
        """Offsets K of the kernel."""
        return len(self.ptr) - 1

    @property
    def offset_of_pair(self) -> torch.Tensor:
        """(P,) int64, the offset of each pair."""
        return repeated_offsets(self.ptr, len(self.target))

    def kept(self, name: str, find):
        """Return ``find()``, or what it gave under that name while the tensors are as they were."""
        return kept(self, name, (self.source, self.target, self.ptr), find)

    @property
    def exchanged(self) -> KernelMap:
        """The map with inputs and outputs exchanged, in its order: that of the input gradient."""
        return self.kept('exchanged', self._exchange)

    @property
    def is_table(self) -> bool:
        """Whether no output row is met twice under one offset, so that :attr:`table` holds all pairs."""
        return self.kept('is_table', self._is_table)

    @property
    def table(self) -> torch.Tensor:
        """(K, M) int32, the input row of each output row under each offset, -1 for none."""
        return self.kept('table', self._tabulate)

    @property
    def sorted_masks(self) -> tuple[torch.Tensor, torch.Tensor]:
        """The offsets that each output row meets, as bits, rows with equal ones side by side.

        Returns:
            masks: (M, ceil(K / 32)) int32, bit k % 32 of word k // 32 for offset k, sorted.
            order: (M,) int32, the output row of each mask.
        """
        return self.kept('sorted_masks', lambda: sort_masks(self.table))

    @property
    def blocks(self) -> tuple[RowBlock, ...]:
        """The pairs by runs of output rows that cover 0 .. M; on a GPU one run."""
        rows = self.source, self.target, self.ptr, self.num_targets
        return self.kept('blocks', lambda: row_blocks(*rows))

    def _exchange(self) -> KernelMap:
        if not self.ptr.is_cuda:
            self._check_bounds()
        if self.mirrored:
            rows = self._offsets_reversed(self.source), self._offsets_reversed(self.target)
        else:
            rows = sort_targets(self.target, self.source, self.ptr, self.num_sources)
        return KernelMap(*rows, self.ptr, self.num_targets, self.num_sources, self.mirrored, known=True)

    def _offsets_reversed(self, rows: torch.Tensor) -> torch.Tensor:
        if rows.is_cuda or not self.num_offsets:
            return rows[reversed_places(self.ptr, len(rows))]
        return torch.cat(rows.split(self.ptr.diff().tolist())[::-1])

    def _is_table(self) -> bool:
        return self._starts_offset((self.target[1:] <= self.target[:-1]).nonzero().flatten() + 1)

    def _tabulate(self) -> torch.Tensor:
        if not self.is_table:
            raise ValueError('a kernel map must meet no output row twice under an offset to be a table')
        table = self.source.new_full((self.num_offsets, self.num_targets), -1)
        table[self.offset_of_pair, self.target.long()] = self.source
        return table


def _sorted_pairs(
    offset: torch.Tensor, source: torch.Tensor, target: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return the three lists (P,) sorted by offset, target and source."""
    order = torch.sort(source, stable=True).indices
    for number in (target, offset):
        order = order[torch.sort(number[order], stable=True).indices]
    return offset[order], source[order], target[order]


def _check_list(name: str, values: torch.Tensor, dtype: torch.dtype) -> None:
    check_tensor(name, values)
    if values.dtype != dtype:
        raise TypeError(f'{name} must be an {str(dtype).removeprefix("torch.")} tensor, got {values.dtype}')
    if values.ndim != 1:
        raise ValueError(f'{name} must be a list, got shape {tuple(values.shape)}')
