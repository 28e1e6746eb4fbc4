"""Window index: voxels b, (x, y, z) share a window iff b and floor((xyz + shift) / window_size) agree."""

from __future__ import annotations

import ctypes
import functools
from dataclasses import dataclass

import torch

from . import cpu_runtime
from .voxel_index import check_coords, voxel_keys


@dataclass(frozen=True)
class WindowIndex:
    """Partition of N voxels into W non-empty windows, in CSR form.

    Attributes:
        order: (N,) int64, voxel rows sorted by window; inside a window in ascending row order.
        ptr: (W + 1,) int64, window w holds the voxels ``order[ptr[w]:ptr[w + 1]]``.
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
        """Number of non-empty windows W."""
        return self.ptr.shape[0] - 1

    @functools.cached_property
    def is_partition(self) -> bool:
        """Whether ``order`` holds each row once and ``ptr`` ascends from 0 to N; found out once."""
        ptr, order, count = self.ptr, self.order, self.num_voxels
        bounded = len(ptr) and int(ptr[0]) == 0 and int(ptr[-1]) == count and not bool((ptr.diff() < 0).any())
        if not bounded or not count:
            return bool(bounded)
        low, high = (int(bound) for bound in order.aminmax())
        return low == 0 and high == count - 1 and int(order.bincount(minlength=count).amax()) == 1

    def window_of_voxel(self) -> torch.Tensor:
        """Return the window number of each voxel, (N,) int64, in the original row order."""
        window = torch.empty_like(self.order)
        numbers = torch.arange(self.num_windows, device=self.order.device)
        window[self.order] = torch.repeat_interleave(numbers, self.ptr.diff(), output_size=self.num_voxels)
        return window


def partition_windows(coords: torch.Tensor, window_size: int, shift: int) -> WindowIndex:
    """Partition voxels into the cubic windows of a stage's grid (regular or shifted windows).

    Windows are aligned to the origin of the grid, so nothing rolls over and no mask is needed.
    The partition costs one stable sort of 64-bit keys.

    Args:
        coords: (N, 4) integers (batch, x, y, z) in units of the stage's own grid (already divided
            by its stride); negative values are legal.
        window_size: edge of a window in voxels, at least 1.
        shift: voxels added to x, y and z before the partition: 0, or ``window_size // 2`` for
            shifted windows.

    Raises:
        TypeError: ``coords`` is not an integer tensor, or a size is not an int.
        ValueError: wrong shape, ``window_size < 1``, or the extent overflows the 64-bit key.

    Source: arXiv 2304.06906, section 3.2.
    """
    check_coords(coords, 'coords')
    for name, number in (('window_size', window_size), ('shift', shift)):
        if isinstance(number, bool) or not isinstance(number, int):
            raise TypeError(f'{name} must be an int, got {type(number).__name__}')
    if window_size < 1:
        raise ValueError(f'window_size must be at least 1, got {window_size}')

    serves = cpu_runtime.index_kernels_serve(coords.device.type)
    index = _partition_by_kernel(coords, window_size, shift) if serves else None
    return index or _partition_by_torch(coords.long(), window_size, shift)


def _partition_by_kernel(coords: torch.Tensor, window_size: int, shift: int) -> WindowIndex | None:
    """Return the partition, or None where the coordinates are too far apart for the kernel."""
    narrow = coords.dtype == torch.int32
    coords = coords.contiguous() if narrow else coords.long().contiguous()
    count = len(coords)
    order, cell = (torch.empty(shape, dtype=torch.int64) for shape in ((count,), (count, 3)))
    ptr, windows = torch.empty(count + 1, dtype=torch.int64), ctypes.c_int64(0)
    if max(abs(window_size), abs(shift)) >= 2**62:
        return None
    cpu_runtime.library().call(
        f'partition_windows_{"i32" if narrow else "i64"}', cpu_runtime.pointer(coords),
        *(ctypes.c_int64(number) for number in (count, window_size, shift)), cpu_runtime.pointer(order),
        cpu_runtime.pointer(ptr), cpu_runtime.pointer(cell), ctypes.byref(windows),
    )  # fmt: skip
    if windows.value < 0:
        return None
    return WindowIndex(order=order, ptr=ptr[: windows.value + 1].clone(), cell=cell)


def _partition_by_torch(coords: torch.Tensor, window_size: int, shift: int) -> WindowIndex:
    shifted = coords[:, 1:] + shift
    window = torch.div(shifted, window_size, rounding_mode='floor')
    cell = shifted - window * window_size
    keys = voxel_keys(torch.cat([coords[:, :1], window], dim=1))
    keys, order = torch.sort(keys, stable=True)
    counts = torch.unique_consecutive(keys, return_counts=True)[1]
    ptr = torch.nn.functional.pad(counts.cumsum(0), (1, 0))
    return WindowIndex(order=order, ptr=ptr, cell=cell)
