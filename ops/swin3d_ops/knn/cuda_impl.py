"""Nearest neighbours by the CUDA kernels: memory, the order of launches, the operator's CUDA side.

Nothing waits for the device, so that a search of fixed sizes can be captured in a CUDA graph.
"""

from __future__ import annotations

import ctypes

import torch

from .. import cuda_runtime, registration
from ..cuda_runtime import ELEMENTS
from . import cpu_impl  # defines the operator

SOURCE = 'knn.cuh'
THREADS, LANES, SAMPLES = 128, 32, 256  # kThreads, kLanes, kSamples
FAN, MOST_LEVELS = 8, 8  # kFan, kMostLevels
JOINED_LEVELS = 3  # by one launch of knn_boxes
GROUP = FAN**JOINED_LEVELS  # kGroup
MAX_IN_REGISTERS = 16
MAX_SOURCES = 2**27  # of a tree of MOST_LEVELS
KEY_BITS, MAX_PLACE_BITS = 63, 21
POINTERS = 'query source query_ptr source_ptr frame key row point box index distance'.split()
INTEGERS = ('queries', 'sources', 'items', 'neighbours', 'place_bits', 'top')


class _Clouds(cuda_runtime.Arguments):
    """The ctypes twin of ``struct Clouds``."""

    _fields_ = [
        *((name, ctypes.c_void_p) for name in POINTERS),
        *((name, ctypes.c_int64) for name in INTEGERS),
        ('first_box', ctypes.c_int64 * (MOST_LEVELS + 1)),
    ]


def tree_levels(sources: int) -> list[int]:
    """Return the numbers of nodes of each level, the sources first, up to a level of at most ``FAN``."""
    nodes = [sources, -(-sources // FAN)]
    while nodes[-1] > FAN:
        nodes.append(-(-nodes[-1] // FAN))
    return nodes


def reason_against(query, source, k, query_ptr, source_ptr) -> str | None:
    """Return why the kernels cannot take a call, or None."""
    return None if len(source) < MAX_SOURCES else f'{len(source)} sources are {MAX_SOURCES} or more'


def search(query, source, k, query_ptr, source_ptr):
    """Return rows and distances of the nearest neighbours, (M, k) each."""
    query, source = query.contiguous(), source.contiguous()
    query_ptr, source_ptr = query_ptr.contiguous(), source_ptr.contiguous()
    index, distance = cpu_impl.empty_result(query, k)
    if not len(query):
        return index, distance
    program = cuda_runtime.program(SOURCE, _definitions(query.dtype, k), query.device)
    nodes = tree_levels(len(source))
    clouds = _clouds(query, source, k, len(query_ptr) - 1, nodes)
    clouds.set_pointers(query_ptr=query_ptr, source_ptr=source_ptr, index=index, distance=distance)
    real = query.element_size()
    frame = torch.empty(4, dtype=torch.float64, device=query.device)
    key = torch.empty(len(source), dtype=torch.int64, device=query.device)
    point = query.new_empty(len(source), 4)
    box = query.new_empty(sum(nodes[1:]), 8)
    clouds.set_pointers(query=query, source=source, frame=frame, key=key, point=point, box=box)
    program.launch('knn_frame', (1, 1), SAMPLES, (3 * SAMPLES + 6) * real, clouds)
    program.launch('knn_keys', (-(-len(source) // THREADS), 1), THREADS, 0, clouds)
    key, row = key.sort()
    clouds.set_pointers(key=key, row=row)
    for level in range(0, len(nodes) - 1, JOINED_LEVELS):
        blocks = -(-nodes[level] // GROUP)
        program.launch(
            'knn_boxes', (blocks, 1), GROUP, GROUP * 8 * real, clouds, ctypes.c_int(level)
        )  # fmt: skip
    program.launch('knn_search', (-(-len(query) // LANES), 1), LANES, 0, clouds)
    return index, distance


def _clouds(query, source, k: int, items: int, nodes: list[int]) -> _Clouds:
    """Return the sizes of a search."""
    place_bits = min(MAX_PLACE_BITS, (KEY_BITS - (items - 1).bit_length()) // 3)
    sizes = len(query), len(source), items, k, place_bits, len(nodes) - 1
    clouds = _Clouds(**dict(zip(INTEGERS, sizes)))
    for level in range(2, len(nodes)):
        clouds.first_box[level] = clouds.first_box[level - 1] + nodes[level - 1]
    return clouds


def _definitions(dtype: torch.dtype, k: int) -> tuple[tuple[str, object], ...]:
    return (('SWIN3D_REAL', ELEMENTS[dtype]), ('SWIN3D_NEIGHBOURS', k if k <= MAX_IN_REGISTERS else 0))


registration.implement('knn', search, 'CUDA')
knn = cpu_impl.knn  # the operator takes the kernels of its tensors' device
