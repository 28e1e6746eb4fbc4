"""Window index: voxels b, (x, y, z) share a window iff b and floor((xyz + shift) / window_size) agree."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from . import cpu_runtime, window_partition
from .arguments import LARGEST, check_int, check_tensor
from .contents import kept
from .op import Implementation, Op, cpu_kernels
from .voxel_index import check_coords
from .window_partition import WindowGrid


@dataclass(frozen=True)
class WindowIndex:
    """Partition of N voxels into W windows, in CSR form.

    Attributes:
        order: (N,) int64, voxel rows sorted by window; inside a window in ascending row order.
        ptr: (W + 1,) int64, window w holds the voxels ``order[ptr[w]:ptr[w + 1]]``. Where the host would
            have to wait for their number, as with a GPU, W is N, and windows without voxels come last.
        cell: (N, 3) int64, position of each voxel (original row order) in its window, in
            [0, window_size).
    """

    order: torch.Tensor
    ptr: torch.Tensor
    cell: torch.Tensor

    @property
    def num_voxels(self) -> int:
        """Number of voxels N."""
        return self.order.shape[0]

    @property
    def num_windows(self) -> int:
        """Number of windows W."""
        return self.ptr.shape[0] - 1

    @property
    def is_partition(self) -> bool:
        """Whether ``order`` holds each row once and ``ptr`` ascends from 0 to N.

        Kept until torch writes into one of them, as a GPU has to be waited for.
        """
        return kept(self, 'is_partition', (self.order, self.ptr), lambda: is_partition(self.order, self.ptr))

    def check(self, num_voxels: int, device: torch.device) -> None:
        """Raise unless dtypes, shapes and devices are those of windows of ``num_voxels`` voxels."""
        for name in ('order', 'ptr'):
            values = getattr(self, name)
            check_tensor(f'windows.{name}', values)
            if values.dtype != torch.int64 or values.ndim != 1:
                raise TypeError(
                    f'windows.{name} must be a list of int64, got {values.dtype}, {values.ndim} axes'
                )
            if values.device != device:
                raise ValueError(f'windows.{name} must be on {device} as q, got {values.device}')
        if len(self.order) != num_voxels:
            raise ValueError(f'windows must partition {num_voxels} voxels, got {len(self.order)}')

    def window_of_voxel(self) -> torch.Tensor:
        """Return the window number of each voxel, (N,) int64, in the original row order."""
        window = torch.empty_like(self.order)
        numbers = torch.arange(self.num_windows, device=self.order.device)
        window[self.order] = torch.repeat_interleave(numbers, self.ptr.diff(), output_size=self.num_voxels)
        return window


def is_partition(order: torch.Tensor, ptr: torch.Tensor) -> bool:
    """Whether ``order`` (N,) holds each row once and ``ptr`` (W + 1,) ascends from 0 to N; int64 both."""
    count = len(order)
    bounded = len(ptr) and int(ptr[0]) == 0 and int(ptr[-1]) == count and not bool((ptr.diff() < 0).any())
    if not bounded or not count:
        return bool(bounded)
    low, high = (int(bound) for bound in order.aminmax())
    return low == 0 and high == count - 1 and int(order.bincount(minlength=count).amax()) == 1


def check_partition(order: torch.Tensor, ptr: torch.Tensor) -> None:
    """Raise unless the windows are a partition."""
    if not is_partition(order, ptr):
        raise ValueError(
            'windows.order must hold each row once and windows.ptr ascend from 0 to their number'
        )


def partition_windows(coords: torch.Tensor, window_size: int, shift: int) -> WindowIndex:
    """Partition voxels into the cubic windows of a stage's grid (regular or shifted windows).

    Windows are aligned to the origin of the grid, so nothing rolls over and no mask is needed.
    The partition costs one stable sort of 64-bit keys.

    Args:
        coords: (N, 4) integers (batch, x, y, z) in units of the stage's own grid (already divided
            by its stride); negative values are legal.
        window_size: Edge of a window in voxels, in [1, 2**62].
        shift: Voxels added to x, y and z before the partition: 0, or ``window_size // 2`` for
            shifted windows; any int.

    Raises:
        TypeError: ``coords`` is not an integer tensor, or a size is not an int.
        ValueError: Wrong shape, a window size out of range, or the extent overflows the 64-bit key.

    Source: arXiv 2304.06906, section 3.2.
    """
    check_coords(coords, 'coords')
    check_int('window_size', window_size, 1, LARGEST)
    if isinstance(shift, bool) or not isinstance(shift, int):
        raise TypeError(f'shift must be an int, got {type(shift).__name__}')
    return partition_grids([WindowGrid(coords, None, window_size, shift)])[0]


def partition_grids(grids: Sequence[WindowGrid]) -> list[WindowIndex]:
    """Partition clouds of voxels, each as :func:`partition_windows` does, without a look at their values.

    Args:
        grids: At least one; any shift.

    Raises:
        ValueError: An extent overflows the 64-bit key.
    """
    # whole windows only renumber them
    grids = [grid._replace(shift=grid.shift % grid.window_size) for grid in grids]
    found = [WindowIndex(*parts) for parts in OP.run(OP.choose(grids[0].coords.device.type, 'auto'), grids)]
    for index in found:
        if index.order.is_cuda:
            kept(index, 'is_partition', (index.order, index.ptr), lambda: True)
    return found


def _partition_by_kernel(grids: Sequence[WindowGrid]) -> list[tuple[torch.Tensor, ...]]:
    return [_partition_grid(grid) for grid in grids]


def _partition_grid(grid: WindowGrid) -> tuple[torch.Tensor, ...]:
    """Partition by the kernel; where the coordinates are too far apart for it, by torch."""
    narrow = grid.coords.dtype == torch.int32
    coords = grid.coords.contiguous() if narrow else grid.coords.long().contiguous()
    count = len(coords)
    order, cell = (torch.empty(shape, dtype=torch.int64, device='cpu') for shape in ((count,), (count, 3)))
    ptr, windows = torch.empty(count + 1, dtype=torch.int64, device='cpu'), ctypes.c_int64(0)
    cpu_runtime.library().call(
        f'partition_windows_{"i32" if narrow else "i64"}', cpu_runtime.pointer(coords),
        *(ctypes.c_int64(number) for number in (count, grid.window_size, grid.shift)),
        cpu_runtime.pointer(order), cpu_runtime.pointer(ptr), cpu_runtime.pointer(cell),
        ctypes.byref(windows),
    )  # fmt: skip
    if windows.value < 0:
        return window_partition.partition([grid])[0]
    return order, ptr[: windows.value + 1].clone(), cell


def _probe(run, dtype: torch.dtype) -> list[torch.Tensor]:
    """Partition voxels of two batch items, some of them below the origin, and a few of them otherwise."""
    coords = torch.arange(40).view(-1, 1) * torch.tensor([0, 5, 3, 7]) % 11 - torch.tensor([0, 5, 5, 5])
    coords[:, 0] = torch.arange(40) // 25
    grids = [WindowGrid(coords, None, 4, 2), WindowGrid(coords[:9], None, 3, 0)]
    return [part for found in run(grids) for part in found]


OP = Op(
    'partition_windows',
    {'torch': Implementation(window_partition.partition), 'cpu': cpu_kernels(_partition_by_kernel)},
    _probe,
)
