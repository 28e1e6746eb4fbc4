"""What the CUDA window attention knows of windows before it starts, found once for all blocks of a stage."""

from __future__ import annotations

import ctypes
import functools
from dataclasses import dataclass

import torch

from .. import cuda_runtime
from ..contents import kept
from ..cuda_runtime import ELEMENTS

SOURCE = 'window_items.cuh'
WARP, PACKERS, RUN = 32, 64, 128  # kWarp, kPackers, kRun
POINTERS = 'signals order ptr window low high reach clamps counts items num_items'.split()


@dataclass(frozen=True)
class PreparedWindows:
    """Windows as the kernels read them.

    Attributes:
        window: (N,) int32, window of each position.
        low, high: (W, S), extent of each window's signals.
        reach: (W, S) int32, most table rows that a voxel of the window meets.
        clamps: (W,) int32, whether differences may lie outside of a table.
        items: (M, 4) int32, of which the first ``num_items`` are set: what a block takes at a time.
        num_items: (1,) int32.
    """

    window: torch.Tensor
    low: torch.Tensor
    high: torch.Tensor
    reach: torch.Tensor
    clamps: torch.Tensor
    items: torch.Tensor
    num_items: torch.Tensor


@functools.cache
def _windows_type(axes: int):
    """Return the ctypes twin of ``struct Windows``."""
    fields = [(name, ctypes.c_void_p) for name in POINTERS]
    fields += [('windows', ctypes.c_int), ('runs', ctypes.c_int), ('size', ctypes.c_int * max(axes, 1))]
    return type('Windows', (cuda_runtime.Arguments,), {'_fields_': fields})


def prepared(signals, table_rows, order, ptr, lanes: int) -> PreparedWindows:
    """Return windows prepared for blocks of ``lanes`` voxels, once until torch writes into a tensor.

    Args:
        signals: (N, S) float32 or float64, dense.
        table_rows: S integers.
        order: (N,) int64, dense.
        ptr: (W + 1,) int64, dense.
        lanes: Voxels of a block.
    """

    def find() -> PreparedWindows:
        return _prepare(signals, table_rows, order, ptr, lanes)

    if ptr.is_cuda and torch.cuda.is_current_stream_capturing():
        return find()  # a replay must see what its inputs hold then
    return kept(ptr, f'prepared {lanes} {tuple(table_rows)}', (signals, order, ptr), find)


def _prepare(signals, table_rows, order, ptr, lanes: int) -> PreparedWindows:
    device, (voxels, axes), windows = signals.device, signals.shape, len(ptr) - 1
    definitions = (
        ('SWIN3D_ELEMENT', 'float'), ('SWIN3D_REAL', 'float'), ('SWIN3D_SIGNAL', ELEMENTS[signals.dtype]),
        ('SWIN3D_WIDTH', 4), ('SWIN3D_AXES', axes), ('SWIN3D_LANES', lanes),
    )  # fmt: skip
    program = cuda_runtime.program(SOURCE, definitions, device)
    runs = -(-windows // RUN)

    def integers(*shape: int) -> torch.Tensor:
        return torch.empty(shape, dtype=torch.int32, device=device)

    low, high = signals.new_empty(2, windows, axes)
    counts = integers(runs)
    found = PreparedWindows(
        integers(voxels),
        low,
        high,
        integers(windows, axes),
        integers(windows),
        integers(windows + voxels // lanes, 4),
        integers(1),
    )
    struct = _windows_type(axes)(windows=windows, runs=runs)
    struct.set_pointers(signals=signals, order=order, ptr=ptr, counts=counts, **vars(found))
    for axis, rows in enumerate(table_rows):
        struct.size[axis] = rows
    shared = 2 * WARP * signals.element_size() + 4 * (max(axes, 1) + 1) + 4
    program.launch('window_ranges', (windows, 1), WARP, shared, struct)
    for kernel in ('count_items', 'write_items'):
        program.launch(kernel, (-(-runs // PACKERS), 1), PACKERS, 0, struct)
    return found
