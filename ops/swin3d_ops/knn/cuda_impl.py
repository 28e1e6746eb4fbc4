"""Nearest neighbours by the CUDA grid search: the grids, the order of launches, the operator's CUDA side."""

from __future__ import annotations

import ctypes

import torch

from .. import cuda_runtime, registration
from ..cuda_runtime import ELEMENTS
from . import cpu_impl  # defines the operator

SOURCE = 'knn.cuh'
THREADS = 128  # kThreads
MAX_IN_REGISTERS = 16
SAMPLES = 4096
CORE_CUT = 200  # the grid covers all but 1 / CORE_CUT of the sources at each end of an axis
TRIAL_CELLS = 32
POINTERS = 'query source query_ptr source_ptr low edge cells first_cell cell row start index distance'.split()
INTEGERS = ('queries', 'sources', 'items', 'neighbours')


class _Clouds(ctypes.Structure):
    """The ctypes twin of ``struct Clouds``."""

    _fields_ = [(name, ctypes.c_void_p) for name in POINTERS] + [(name, ctypes.c_int64) for name in INTEGERS]

    def set_pointers(self, **tensors: torch.Tensor) -> None:
        for name, tensor in tensors.items():
            setattr(self, name, tensor.data_ptr())


def most_cells(sources: int) -> int:
    """Return the bound on the cells of a grid over that many sources."""
    return 8 * sources + 64


def fit_grid(source: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return corner (3,), edge (), and cells per axis (3,) of a grid, without waiting for the device.

    The edge should leave about k / 4 sources in an occupied cell; it is scaled from a trial as if the
    sources lay on a surface. Any grid gives the right neighbours.
    """
    sample, _ = source[:: max(1, len(source) // SAMPLES)].double().sort(dim=0)
    cut = len(sample) // CORE_CUT
    low, high = sample[cut], sample[len(sample) - 1 - cut]
    extent = high - low
    longest = torch.where(extent.amax() > 0, extent.amax(), torch.ones_like(extent[0]))
    edge = longest / TRIAL_CELLS
    place = ((source.double() - low) / edge).clamp(0, TRIAL_CELLS - 1).long()
    cell = ((place[:, 0] * TRIAL_CELLS + place[:, 1]) * TRIAL_CELLS + place[:, 2]).sort().values
    occupied = (cell[1:] != cell[:-1]).sum() + 1
    wanted = max(2.0, k / 4)
    edge = edge * (wanted * occupied / len(source)).sqrt().clamp(1 / 64, 8)
    most = most_cells(len(source))
    for _ in range(8):
        total = (extent / edge).floor().add(1).prod()
        edge = edge * (total / most).clamp(min=1) ** 0.4
    cells = (extent / edge).floor() + 1
    cells = torch.where(cells.prod() <= most, cells, torch.ones_like(cells))
    return low, edge, cells.int()


def _grids(source, bounds, k) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, list[int]]:
    """Return corners (B, 3), edges (B,), cells (B, 3) of the items and the numbers of their first cells."""
    parts, first_cell = [], [0]
    for start, stop in zip(bounds[:-1], bounds[1:]):
        item = source[start:stop] if stop > start else source.new_zeros(1, 3)
        parts.append(fit_grid(item, k))
        first_cell.append(first_cell[-1] + most_cells(max(1, stop - start)))
    low, edge, cells = (torch.stack(column) for column in zip(*parts))
    return low, edge, cells, first_cell


def search(query, source, k, query_bounds, source_bounds):
    """Return rows and distances of the nearest neighbours, (M, k) each."""
    query, source = query.contiguous(), source.contiguous()
    index = torch.empty(len(query), k, dtype=torch.int64, device=query.device)
    distance = query.new_empty(len(query), k)
    if not len(query):
        return index, distance
    program = cuda_runtime.program(SOURCE, _definitions(query.dtype, k), query.device)

    def on_device(numbers):
        return torch.tensor(numbers, dtype=torch.int64, device=query.device)

    low, edge, cells, first = _grids(source, source_bounds, k)
    ptr, source_ptr, first_cell = on_device(query_bounds), on_device(source_bounds), on_device(first[:-1])
    cell = torch.empty(len(source), dtype=torch.int64, device=query.device)
    clouds = _Clouds(
        queries=len(query), sources=len(source), items=len(query_bounds) - 1, neighbours=k
    )  # fmt: skip
    clouds.set_pointers(query=query, source=source, query_ptr=ptr, source_ptr=source_ptr, cell=cell)
    clouds.set_pointers(
        low=low, edge=edge, cells=cells, first_cell=first_cell, index=index, distance=distance
    )
    program.launch('knn_cells', (-(-len(source) // THREADS), 1), THREADS, 0, clouds)
    cell, row = cell.sort(stable=True)
    start = torch.searchsorted(cell, torch.arange(first[-1] + 1, device=query.device))
    nearby = source[row]
    clouds.set_pointers(source=nearby, row=row, start=start)
    program.launch('knn_search', (-(-len(query) // THREADS), 1), THREADS, 0, clouds)
    return index, distance


def _definitions(dtype: torch.dtype, k: int) -> tuple[tuple[str, object], ...]:
    return (('SWIN3D_REAL', ELEMENTS[dtype]), ('SWIN3D_NEIGHBOURS', k if k <= MAX_IN_REGISTERS else 0))


registration.implement('knn', search, 'CUDA')
knn = cpu_impl.knn  # the operator takes the kernels of its tensors' device
