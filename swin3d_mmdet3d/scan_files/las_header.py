"""LAS headers: what a file promises, checked against its size before a library sets memory aside for it."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SMALLEST = 227  # bytes of the header of LAS 1.0 to 1.2
SMALLEST_14 = 375
RECORD_HEADER = 54  # bytes of a variable length record without its data
COMPRESSED = 0x80  # of the point format's number


@dataclass(frozen=True)
class LasHeader:
    """What a reader of points must know.

    Attributes:
        count: number of points.
        record: bytes of a point.
        start: offset of the points.
        size: bytes of the whole file.
        is_compressed: whether it is LAZ.
        grid: (2, 3) float64 scale and offset of the whole numbers that coordinates are stored as.
    """

    count: int
    record: int
    start: int
    size: int
    is_compressed: bool
    grid: np.ndarray


def read_las_header(path: Path) -> LasHeader:
    """The checked header of a LAS or LAZ file.

    Raises:
        ValueError: it is none, promises more than the file has or less than it has, or has senseless scales.
        OSError: when the file cannot be read.

    Source: ASPRS, LAS Specification 1.4 - R15, Table 3.
    """
    with open(path, 'rb') as file:
        head = file.read(SMALLEST_14)
        size = file.seek(0, 2)
    if head[:4] != b'LASF' or len(head) < SMALLEST:
        raise ValueError('not a whole LAS file: it has no header that begins with LASF')
    minor = head[25]
    header_size, start, records = struct.unpack_from('<HII', head, 94)
    kind, record, count = struct.unpack_from('<BHI', head, 104)
    waveforms = extended = 0
    if minor >= 3 and len(head) >= SMALLEST + 8:
        (waveforms,) = struct.unpack_from('<Q', head, SMALLEST)
    if minor >= 4 and len(head) == SMALLEST_14:
        extended, count = struct.unpack_from('<IQ', head, 243)
    grid = np.array(struct.unpack_from('<6d', head, 131)).reshape(2, 3)
    header = LasHeader(count, record, start, size, bool(kind & COMPRESSED), grid)
    if not SMALLEST <= header_size <= start <= size or records * RECORD_HEADER > start - header_size:
        raise ValueError(
            f'not a whole LAS file: a header of {header_size} bytes with {records} records puts the points '
            f'at {start} of {size} bytes'
        )
    if count == 0:
        raise ValueError('empty cloud: the header promises no points')
    if not (np.isfinite(grid).all() and grid[0].all()):
        raise ValueError(
            f'LAS header: expected finite scales and offsets, scales other than 0, got {grid.tolist()}'
        )
    if not header.is_compressed:
        _check_length(header, has_more=bool(waveforms or extended))
    return header


def _check_length(header: LasHeader, has_more: bool) -> None:
    """Raise ValueError unless the points fill the file, as far as nothing else follows them."""
    need, have = header.count * header.record, header.size - header.start
    if need > have:
        raise ValueError(
            f'truncated: the header promises {header.count} points in {need} bytes, the file has {have}'
        )
    if have - need >= max(header.record, 1) and not has_more:
        raise ValueError(
            f'not a whole LAS file: {have - need} bytes follow the {header.count} points that the '
            'header promises'
        )
