"""A batch of occupied voxels: everything about them but their features, in one frozen object."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from functools import cached_property
from itertools import accumulate
from operator import mul
from typing import Any, TypeVar

import torch
from swin3d_ops import KernelMap, WindowIndex
from swin3d_ops.neighbors import kernel_map_between
from swin3d_ops.voxel_index import bounds_of, coarse_bounds, lookup
from swin3d_ops.voxel_pyramid import CoarseLevel, coarse_levels
from swin3d_ops.window_index import WindowGrid, partition_grids
from torch import Tensor

from .prompt import Prompt
from .row_bounds import bounds_of_items

Found = TypeVar('Found')

KNOWN_OF_PLACES = 'ptr', 'host_ptr', 'bounds', 'grid_coords'

SIGNAL_CHANNELS = {'xyz': 3, 'rgb': 3, 'normal': 3}


@dataclass(frozen=True, eq=False)
class SparseVoxels:
    """The occupied voxels of a batch of scenes at one resolution.

    Features travel beside this object as plain ``(N, C)`` tensors with the same rows.

    Attributes:
        coords: ``(N, 4)`` int32 or int64, (batch, x, y, z) in base voxels: integer multiples of ``stride``,
            possibly negative. Rows are grouped by batch in ascending order.
        batch_size: Number of scenes B; a scene may have no rows, as after pruning.
        stride: Edge of a voxel in base voxels (1 at the finest level).
        voxel_size: Edge of a base voxel in metres.
        signals: Per-voxel signals of the contextual relative signal encoding, each ``(N, 3)`` float:
            'xyz' the position of the voxel's representative point in base voxels, 'rgb' and 'normal' in
            [-1, 1] / 1.001.
        prompt: The condition of the batch, which prompt-driven norms and heads read, or None.

    Args:
        known: Whether the grouping of the rows needs no look, for which a GPU has to be waited for.

    Raises:
        ValueError: If a shape, the grouping of the rows or a batch index is wrong.
        TypeError: If ``coords`` is not an integer tensor.
    """

    coords: Tensor
    batch_size: int
    stride: int = 1
    voxel_size: float = 1.0
    signals: Mapping[str, Tensor] = field(default_factory=dict)
    prompt: Prompt | None = None
    known: InitVar[bool] = False

    def __post_init__(self, known: bool) -> None:
        _check_coords(self.coords)
        if self.batch_size < 1:
            raise ValueError(f'batch_size must be at least 1, got {self.batch_size}')
        if self.stride < 1:
            raise ValueError(f'stride must be at least 1, got {self.stride}')
        if not self.voxel_size > 0:
            raise ValueError(f'voxel_size must be a positive length in metres, got {self.voxel_size}')
        for name, signal in self.signals.items():
            _check_signal(name, signal, len(self.coords))
        if self.stride == 1 and not known:  # coarser levels derive from a level that was checked
            _check_grouping(self.coords[:, 0], self.batch_size)

    def __len__(self) -> int:
        return len(self.coords)

    @cached_property
    def ptr(self) -> Tensor:
        """``(B + 1,)`` int64: rows of scene b are ``ptr[b]:ptr[b + 1]``."""
        return bounds_of_items(self.coords[:, 0].long(), self.batch_size)

    @cached_property
    def host_ptr(self) -> tuple[int, ...]:
        """The ``B + 1`` numbers of ``ptr`` on the host; voxels of a preprocessor or a pyramid know them."""
        return tuple(self.ptr.tolist())

    @property
    def counts(self) -> list[int]:
        """Number of voxels of each scene, on the host."""
        return [stop - start for start, stop in zip(self.host_ptr[:-1], self.host_ptr[1:])]

    @cached_property
    def bounds(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """A lowest and a highest (batch, x, y, z) between which all voxels lie, on the host.

        Voxels of a preprocessor or a pyramid know them, others look.
        """
        low, high = bounds_of(self.coords)
        return tuple(low), tuple(high)

    def knowing(self, **answers: Any) -> SparseVoxels:
        """These voxels with answers found elsewhere: ``ptr``, ``host_ptr``, ``bounds``, ``grid_coords``."""
        vars(self).update(answers)
        return self

    @property
    def place(self) -> Tensor:
        """``(N, 3)`` metres in the scene: where the point that represents each voxel lies."""
        return self.signals['xyz'] * self.voxel_size

    @cached_property
    def grid_coords(self) -> Tensor:
        """``(N, 4)`` coordinates on the level's own grid: (batch, xyz / stride)."""
        if self.stride == 1:
            return self.coords
        return torch.cat([self.coords[:, :1], self.coords[:, 1:] // self.stride], dim=1)

    @cached_property
    def _kept(self) -> dict[Hashable, Any]:
        return {}

    def kept(self, key: Hashable, find: Callable[[], Found]) -> Found:
        """What ``find`` returned for a key, found once: encoder and decoder share what they derive."""
        if key not in self._kept:
            self._kept[key] = find()
        return self._kept[key]

    @cached_property
    def _windows(self) -> dict[tuple[int, int], WindowIndex]:
        return {}

    def windows(self, window_size: int, shift: int) -> WindowIndex:
        """The windows of ``window_size`` cells of this level, found once: encoder and decoder share them."""
        key = window_size, shift
        if key not in self._windows:
            find_windows([(self, window_size, shift)])
        return self._windows[key]

    def signal_columns(self) -> Tensor:
        """All signals side by side, ``(N, 3 * number of signals)``, in the order of ``signals``.

        Raises:
            ValueError: If there is none.
        """
        if not self.signals:
            raise ValueError(f'voxels must carry one of the signals {sorted(SIGNAL_CHANNELS)}, got none')
        return torch.cat(list(self.signals.values()), dim=1)

    def select(self, rows: Tensor) -> SparseVoxels:
        """The voxels of ``rows`` ((M,) int64, ascending) and their signals."""
        some = dataclasses.replace(
            self,
            coords=self.coords[rows],
            signals={name: signal[rows] for name, signal in self.signals.items()},
            known=True,
        )
        return some.knowing(bounds=self.bounds) if 'bounds' in vars(self) else some

    def without_empty_scenes(self) -> SparseVoxels:
        """The same voxels, their scenes counted without those that have no rows."""
        scenes, scene = self.coords[:, 0].unique(return_inverse=True)
        coords = torch.cat([scene[:, None].to(self.coords), self.coords[:, 1:]], dim=1)
        return dataclasses.replace(self, coords=coords, batch_size=len(scenes), known=True)

    def at_same_places(self, **fields: Any) -> SparseVoxels:
        """The same voxels with other ``signals`` or another ``prompt``; what is known of places is kept."""
        other = dataclasses.replace(self, known=True, **fields)
        known = {name: vars(self)[name] for name in KNOWN_OF_PLACES if name in vars(self)}
        return other.knowing(_windows=self._windows, **known)

    def at(self, coords: Tensor, stride: int) -> SparseVoxels:
        """Voxels of the same scenes elsewhere: ``coords`` ``(M, 4)``, multiples of ``stride``; no signals."""
        return dataclasses.replace(self, coords=coords, stride=stride, signals={}, known=True)

    def kernel_map(self, kernel_size: int) -> KernelMap:
        """Map of a convolution from these voxels to themselves, searched once and then kept."""
        grid = self.grid_coords
        return self.kept(('kernel map', kernel_size), lambda: kernel_map_between(grid, grid, kernel_size))

    def downsample(self, factor: int) -> tuple[SparseVoxels, Tensor]:
        """Merge voxels into cells of ``factor * stride`` and let one voxel represent each cell.

        The representative of a cell is the voxel whose row of batch index and signals is nearest (Euclidean)
        to the mean row of the cell; ties, which cells of two voxels always have, go to the lowest row. The
        coarse voxel takes over the representative's signals unchanged.

        Args:
            factor: Ratio of the coarse to the present stride, at least 1.

        Returns:
            The coarse voxels, sorted by (batch, x, y, z), and ``parent`` ``(N,)`` int64, the coarse row of
            each present row.

        Source: GridCoordsDown of Swin3D/modules/mink_layers.py (arXiv 2304.06906, section 3.3); there a tie
            goes to whichever thread writes last.
        """
        return self.pyramid([factor])[0]

    def pyramid(self, factors: Sequence[int]) -> list[tuple[SparseVoxels, Tensor]]:
        """Downsample time and again: what :meth:`downsample` returns of each level, fine to coarse.

        A GPU is waited for once, and not once for each level.

        Args:
            factors: Ratio of each level's stride to that of the level before, at least 1.
        """
        if min(factors, default=1) < 1:
            raise ValueError(f'factor must be at least 1, got {min(factors)}')
        strides = tuple(self.stride * ratio for ratio in accumulate(factors, mul))
        return self.kept(('pyramid', strides), lambda: self._find_pyramid(strides)) if strides else []

    def _find_pyramid(self, strides: Sequence[int]) -> list[tuple[SparseVoxels, Tensor]]:
        # the batch index is constant within a cell, so it never decides
        columns = self.signal_columns()
        found = coarse_levels(self.coords, self.ptr, self.bounds, strides, columns)
        return [(self._coarse(level), level.parent) for level in found]

    def _coarse(self, level: CoarseLevel) -> SparseVoxels:
        """The voxels of a level that was found from these."""
        low, high = (
            (batch, *(place // level.stride * level.stride for place in places))
            for batch, *places in self.bounds
        )
        coarse = dataclasses.replace(
            self,
            coords=level.coords,
            stride=level.stride,
            signals={
                name: signal.index_select(0, level.representative) for name, signal in self.signals.items()
            },
            known=True,
        )
        return coarse.knowing(
            ptr=level.ptr, host_ptr=tuple(level.rows), bounds=(low, high), grid_coords=level.cells
        )


def find_windows(wanted: Iterable[tuple[SparseVoxels, int, int]]) -> None:
    """Find windows that will be asked for, together: far fewer launches on a GPU than one after another.

    Args:
        wanted: Voxels, the edge of their windows in cells of their level, and the shift in cells.
    """
    missing = {
        (level, size, shift): None for level, size, shift in wanted if (size, shift) not in level._windows
    }
    grids = [
        WindowGrid(level.grid_coords, coarse_bounds(level.bounds, level.stride), size, shift)
        for level, size, shift in missing
    ]
    for (level, *key), index in zip(missing, partition_grids(grids) if grids else ()):
        level._windows[tuple(key)] = index


FeatureLevel = tuple[Tensor, SparseVoxels]
"""Features ``(N, C)`` and the N voxels that they belong to."""


def coarse_rows(fine: SparseVoxels, coarse: SparseVoxels) -> Tensor:
    """The row ``(N,)`` int64 of the coarse voxel that holds each of N fine voxels; -1 where there is none.

    Raises:
        ValueError: If the stride of ``coarse`` is not a multiple of that of ``fine``.
    """
    if coarse.stride % fine.stride:
        raise ValueError(
            f'coarse must have a stride that is a multiple of {fine.stride}, got {coarse.stride}'
        )
    corner = torch.div(fine.coords[:, 1:], coarse.stride, rounding_mode='floor') * coarse.stride
    return lookup(coarse.coords, torch.cat([fine.coords[:, :1], corner], dim=1))


def _check_coords(coords: Tensor) -> None:
    if coords.dtype not in (torch.int32, torch.int64):
        raise TypeError(f'coords must be int32 or int64, got {coords.dtype}')
    if coords.ndim != 2 or coords.shape[1] != 4:
        raise ValueError(f'coords must be (N, 4), got {tuple(coords.shape)}')


def _check_signal(name: str, signal: Tensor, num_voxels: int) -> None:
    if name not in SIGNAL_CHANNELS:
        raise ValueError(f'signals may hold {sorted(SIGNAL_CHANNELS)}, got {name!r}')
    expected = (num_voxels, SIGNAL_CHANNELS[name])
    if tuple(signal.shape) != expected:
        raise ValueError(f'signals[{name!r}] must be {expected}, got {tuple(signal.shape)}')


def _check_grouping(batch: Tensor, batch_size: int) -> None:
    if not len(batch):
        return
    first, last, descending = torch.stack([batch[0], batch[-1], (batch.diff() < 0).any()]).tolist()
    if descending or first < 0 or last >= batch_size:
        raise ValueError(
            f'coords must be grouped by batch index 0 .. {batch_size - 1}, '
            f'got batch indices {batch.unique().tolist()[:8]}{" out of order" if descending else ""}'
        )
