"""Representatives by the CUDA kernel: one launch for each level."""

from __future__ import annotations

import ctypes

import torch

from .. import cuda_runtime
from ..cuda_runtime import ELEMENTS
from .torch_impl import TIE_TOLERANCE

SOURCE = 'representatives.cuh'
THREADS = 128  # kThreads
MAX_COLUMNS = 32  # sums in registers
POINTERS = 'rows before member bounds chosen'.split()
INTEGERS = 'groups first'.split()


class _Members(ctypes.Structure):
    """The ctypes twin of ``struct Members``."""

    _fields_ = [
        *((name, ctypes.c_void_p) for name in POINTERS),
        *((name, ctypes.c_int64) for name in INTEGERS),
        ('within', ctypes.c_double),
    ]


def reason_against(rows, member, number, bounds, sizes) -> str | None:
    """Return why the kernel cannot take these rows, or None."""
    if rows.dtype not in (torch.float32, torch.float64):
        return f'rows of {rows.dtype}'
    if not 1 <= rows.shape[1] <= MAX_COLUMNS:
        return f'{rows.shape[1]} columns, not 1 to {MAX_COLUMNS}'
    return None


def find(rows, member, number, bounds, sizes) -> tuple[torch.Tensor, ...]:
    """Find the representatives of all levels; see the package for the arguments."""
    rows = rows.contiguous()
    definitions = ('SWIN3D_REAL', ELEMENTS[rows.dtype]), ('SWIN3D_COLUMNS', rows.shape[1])
    program = cuda_runtime.program(SOURCE, definitions, rows.device)
    chosen, first, cell = [], 0, 0
    for count, groups in zip(sizes[:-1], sizes[1:]):
        own = torch.empty(groups, dtype=torch.int64, device=rows.device)
        members = _Members(
            rows=rows.data_ptr(), before=chosen[-1].data_ptr() if chosen else None, member=member.data_ptr(),
            bounds=bounds[cell:].data_ptr(), chosen=own.data_ptr(), groups=groups, first=first,
            within=1 + 2 * TIE_TOLERANCE,
        )  # fmt: skip
        if groups:
            program.launch('nearest_rows', (-(-groups // THREADS), 1), THREADS, 0, members)
        chosen.append(own)
        first, cell = first + count, cell + groups
    return tuple(chosen)
