"""The search by the CUDA kernels: a hash table of the voxels, all offsets in one launch, the pairs."""

from __future__ import annotations

import ctypes

import torch

from .. import cuda_runtime
from ..kernel_offsets import first_offset
from ..sparse_conv.kernel_map import KernelMap
from . import torch_impl

SOURCE = 'neighbors.cuh'
THREADS = 256  # kThreads
SHARED = 4 * THREADS
MAX_ROWS = 2**30
NONE = -1  # kNone
FOUR_BYTES = 16  # that a kernel reads at once
COORDS = {torch.int32: 'int', torch.int64: 'int64'}
POINTERS = 'coords query slot distinct rows count end source target'.split()
INTEGERS = ('sources', 'targets', 'slots', 'blocks', 'edge', 'first')


class _Search(cuda_runtime.Arguments):
    """The ctypes twin of ``struct Search``."""

    _fields_ = [(name, ctypes.c_void_p) for name in POINTERS] + [(name, ctypes.c_int64) for name in INTEGERS]


class _Found:
    """The rows (K, M) int32 of a search, and what their list of pairs is made of.

    Args:
        coords: (N, 4) voxels, of which there are some.
        query: (M, 4) voxels, of which there are some.
        kernel_size: edge of the kernel.
    """

    def __init__(self, coords: torch.Tensor, query: torch.Tensor, kernel_size: int) -> None:
        dtype = torch.int32 if coords.dtype == query.dtype == torch.int32 else torch.int64
        coords, query = (
            cuda_runtime.aligned(part.to(dtype).contiguous(), FOUR_BYTES) for part in (coords, query)
        )
        offsets, blocks = kernel_size**3, -(-len(query) // THREADS)
        slots = 1 << (2 * len(coords) - 1).bit_length()
        slot = torch.full((slots + 1,), NONE, dtype=torch.int32, device=coords.device)
        self.distinct = slot[slots:]
        self.rows = slot.new_empty(offsets, len(query))
        self.count = slot.new_empty(offsets, blocks)
        self._program = cuda_runtime.program(SOURCE, (('SWIN3D_COORD', COORDS[dtype]),), coords.device)
        sizes = len(coords), len(query), slots, blocks, kernel_size, first_offset(kernel_size)
        self._search = _Search(**dict(zip(INTEGERS, sizes)))
        self._search.set_pointers(
            coords=coords, query=query, slot=slot, distinct=self.distinct, rows=self.rows, count=self.count
        )
        self._launch('insert_voxels', -(-len(coords) // THREADS))
        self._launch('find_neighbors', offsets * blocks)

    def _launch(self, kernel: str, blocks: int) -> None:
        self._program.launch(kernel, (blocks, 1), THREADS, SHARED, self._search)

    def list_pairs(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, bool]:
        """Return sources (P,), targets (P,), bounds of offsets (K + 1,), whether all voxels are distinct."""
        end = self.count.flatten().cumsum(0)
        ptr = torch.nn.functional.pad(end.view_as(self.count)[:, -1], (1, 0))
        pairs, distinct = torch.cat([ptr[-1:], self.distinct]).tolist()  # waits
        source, target = (self.rows.new_empty(pairs) for _ in range(2))
        self._search.set_pointers(end=end, source=source, target=target)
        self._launch('list_pairs', self.count.numel())
        return source, target, ptr, distinct != 0


def reason_against(coords: torch.Tensor, query: torch.Tensor, kernel_size: int) -> str | None:
    """Return why the kernels cannot take a call, or None."""
    most = max(len(coords), len(query))
    return None if most < MAX_ROWS else f'{most} voxels are {MAX_ROWS} or more'


def lookup(coords: torch.Tensor, query: torch.Tensor, kernel_size: int) -> torch.Tensor:
    """Return the rows (K, M), int32 where there are voxels; waits for nothing then."""
    if not (len(coords) and len(query)):
        return torch_impl.lookup(coords, query, kernel_size)
    return _Found(coords, query, kernel_size).rows


def kernel_map(coords: torch.Tensor, query: torch.Tensor, kernel_size: int) -> KernelMap:
    """Return the map of the rows that are found."""
    if not (len(coords) and len(query)):
        return torch_impl.kernel_map(coords, query, kernel_size)
    found = _Found(coords, query, kernel_size)
    *pairs, distinct = found.list_pairs()
    mirrored = coords is query and kernel_size % 2 == 1 and distinct
    kernel_map = KernelMap(*pairs, len(coords), len(query), mirrored, known=True)
    kernel_map.kept('is_table', lambda: True)
    return kernel_map
