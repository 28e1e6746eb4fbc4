"""LAZ chunks: the sizes that compressed points promise, checked before a decompressor sets memory aside."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

from .las_header import LasHeader

_RECORD_ID = 22204  # of the record "laszip encoded"
# Compressed layers of an item of point formats from 6 on, by the item's type; extra bytes have one each.
_LAYERS = {10: 9, 11: 1, 12: 2, 13: 1}
_EXTRA_BYTES = 14
_LAYERED = 3  # compressor of these formats


def check_laz_chunks(path: Path, header: LasHeader, lazrs: object, vlr: bytes) -> None:
    """Check the chunk table of a LAZ file and the layers of its chunks.

    Args:
        path: The file.
        header: Its checked header.
        lazrs: The module.
        vlr: Data of the file's LASzip record.

    Raises:
        ValueError: Chunks, or layers in them, are larger or more than the file has room for.

    Source: Isenburg, "LASzip: lossless compression of LiDAR data", and LASzip's description of its chunks.
    """
    with open(path, 'rb') as file:
        _check_table(file, header)
        file.seek(header.start)
        chunks = lazrs.read_chunk_table(file, lazrs.LazVlr(vlr))
        if sum(points for points, _ in chunks) < header.count:
            raise ValueError(
                f'truncated: the header promises {header.count} points, {len(chunks)} chunks hold less'
            )
        layers = _layers(vlr)
        position = header.start + 8
        for number, (_, size) in enumerate(chunks):
            if size < header.record or position + size > header.size:
                raise ValueError(f'not a whole LAZ file: chunk {number} promises {size} bytes')
            if layers:
                _check_layers(file, position + header.record, size - header.record, layers, number)
            position += size


def laszip_record(vlrs: object) -> bytes:
    """Data of the record that says how points are compressed, among a header's records."""
    for vlr in vlrs:
        if vlr.record_id == _RECORD_ID and 'laszip' in str(vlr.user_id).lower():
            return bytes(vlr.record_data)
    raise ValueError('not a whole LAZ file: it has no LASzip record')


def _check_table(file: BinaryIO, header: LasHeader) -> None:
    """Raise ValueError when the table of chunks lies outside the file or promises too many of them."""
    file.seek(header.start)
    place = file.read(8)
    if place == b'\xff' * 8:  # a writer that could not go back put it at the end
        file.seek(header.size - 8)
        place = file.read(8)
    table = int.from_bytes(place, 'little', signed=True)
    if len(place) < 8 or not header.start + 8 <= table <= header.size - 8:
        raise ValueError('not a whole LAZ file: its table of chunks lies outside the file')
    file.seek(table)
    version, chunks = struct.unpack('<II', file.read(8))
    if version != 0 or chunks * max(header.record, 1) > header.size:
        raise ValueError(f'not a whole LAZ file: its table promises {chunks} chunks')


def _layers(vlr: bytes) -> int:
    """Layers of a chunk; 0 where chunks have none, as before point format 6."""
    compressor = int.from_bytes(vlr[:2], 'little')
    if compressor != _LAYERED or len(vlr) < 34:
        return 0
    (items,) = struct.unpack_from('<H', vlr, 32)
    kinds = [struct.unpack_from('<HH', vlr, 34 + 6 * i) for i in range(items) if len(vlr) >= 40 + 6 * i]
    return sum(size if kind == _EXTRA_BYTES else _LAYERS.get(kind, 0) for kind, size in kinds)


def _check_layers(file: BinaryIO, place: int, room: int, layers: int, number: int) -> None:
    """Raise ValueError when the layers of a chunk promise more bytes than it has."""
    file.seek(place)
    sizes = file.read(4 + 4 * layers)
    if len(sizes) < 4 + 4 * layers or sum(struct.unpack(f'<{layers}I', sizes[4:])) > room:
        raise ValueError(f'not a whole LAZ file: layers of chunk {number} promise more bytes than it has')
