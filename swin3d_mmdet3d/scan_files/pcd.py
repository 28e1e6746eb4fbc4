"""PCD scans: the Point Cloud Library's format, as ascii, binary and binary_compressed."""

from __future__ import annotations

import math
import struct
from pathlib import Path

import numpy as np

from .lzf import decompress
from .named_columns import arrays_from_columns, other_columns
from .scan import Scan, make_scan

_KIND = {'F': 'f', 'I': 'i', 'U': 'u'}
_SIZES = {'F': '48', 'I': '1248', 'U': '1248'}
_KEYS = ('FIELDS', 'SIZE', 'TYPE', 'COUNT', 'WIDTH', 'HEIGHT', 'POINTS', 'DATA')


def read_pcd(path: Path) -> Scan:
    """Read a PCD file of version 0.6 or 0.7.

    A field `rgb` or `rgba` is the 32-bit word 0xAARRGGBB, stored as an integer or as the float
    with the same bits.

    Raises:
        ValueError: When the header is incomplete or the data are shorter than it says.

    Source: pointclouds.org, "The PCD (Point Cloud Data) file format".
    """
    raw = path.read_bytes()
    header, body = _split_header(raw)
    fields = _field_types(header)
    points = _point_count(header)
    encoding = header['DATA'][0].lower()
    if encoding == 'ascii':
        columns = _ascii_columns(body, fields, points)
    elif encoding == 'binary':
        columns = _binary_columns(body, fields, points)
    elif encoding == 'binary_compressed':
        columns = _compressed_columns(body, fields, points)
    else:
        raise ValueError(f'DATA: expected ascii, binary or binary_compressed, got {encoding!r}')
    others = other_columns(columns)
    columns.update(_unpack_rgb(columns))
    return make_scan(**arrays_from_columns(columns), others=others)


def _split_header(raw: bytes) -> tuple[dict[str, list[str]], bytes]:
    """The header's words by keyword, and the bytes after the DATA line."""
    header: dict[str, list[str]] = {}
    start = 0
    while 'DATA' not in header:
        end = raw.find(b'\n', start)
        if end < 0 or start > 1 << 16:
            raise ValueError('not a PCD file: it has no DATA line')
        words = raw[start:end].decode('ascii', errors='replace').split()
        if words and not words[0].startswith('#'):
            header[words[0].upper()] = words[1:]
        start = end + 1
    header.setdefault('COUNT', ['1'] * len(header.get('FIELDS', [])))
    missing = [key for key in ('FIELDS', 'SIZE', 'TYPE', 'DATA') if not header.get(key)]
    lengths = {key: len(header[key]) for key in ('FIELDS', 'SIZE', 'TYPE', 'COUNT') if key in header}
    if missing or len(set(lengths.values())) != 1:
        raise ValueError(f'PCD header: missing {missing}, entries per line {lengths}')
    return header, raw[start:]


def _field_types(header: dict[str, list[str]]) -> list[tuple[str, np.dtype, int]]:
    """(name, dtype, count) of every field; padding fields `_` get names of their own."""
    fields = []
    rows = zip(header['FIELDS'], header['TYPE'], header['SIZE'], header['COUNT'])
    for i, (name, kind, size, count) in enumerate(rows):
        if kind not in _KIND or len(size) != 1 or size not in _SIZES[kind] or not count.isdecimal():
            raise ValueError(f'PCD field {name}: TYPE {kind}, SIZE {size}, COUNT {count} unknown')
        name = f'_{i}' if name == '_' else name
        fields.append((name, np.dtype(f'<{_KIND[kind]}{size}'), int(count)))
    return fields


def _point_count(header: dict[str, list[str]]) -> int:
    """POINTS, or WIDTH x HEIGHT where an older file has no such line."""
    try:
        keys = ('POINTS',) if 'POINTS' in header else ('WIDTH', 'HEIGHT')
        numbers = [int(header[key][0]) for key in keys]
    except (KeyError, IndexError, ValueError) as error:
        raise ValueError('PCD header: no number of points in POINTS or WIDTH, HEIGHT') from error
    if min(numbers) < 0:
        raise ValueError(f'PCD header: {" x ".join(keys)} must not be negative, got {numbers}')
    return math.prod(numbers)


def _ascii_columns(body: bytes, fields: list, points: int) -> dict[str, np.ndarray]:
    words = body.split()
    width = sum(count for _, _, count in fields)
    _check_length(len(words), points * width, 'values')
    columns, start = {}, 0
    for name, dtype, count in fields:
        if count:
            columns[name] = _numbers(name, words[start : points * width : width], dtype)
        start += count
    return columns


def _numbers(name: str, words: list[bytes], dtype: np.dtype) -> np.ndarray:
    """(P,) values of a field; float64 on the way, which every 32-bit number passes unchanged."""
    try:
        values = np.array([float(word) for word in words])
    except ValueError as error:
        raise ValueError(f'PCD field {name}: {error}') from error
    if dtype.kind == 'f':
        with np.errstate(over='ignore'):  # an infinity is refused with the others
            return values.astype(dtype)
    limits = np.iinfo(dtype)
    if not ((values >= limits.min) & (values <= limits.max) & (np.abs(values) <= 2.0**53)).all():
        raise ValueError(f'PCD field {name}: expected numbers that fit {dtype.name} and float64')
    return values.astype(dtype)


def _binary_columns(body: bytes, fields: list, points: int) -> dict[str, np.ndarray]:
    _check_length(len(body), points * _row_bytes(fields), 'bytes')
    record = np.dtype([(name, dtype, (count,)) for name, dtype, count in fields])
    table = np.frombuffer(body, dtype=record, count=points)
    return {name: table[name][:, 0] for name, _, count in fields if count}


def _compressed_columns(body: bytes, fields: list, points: int) -> dict[str, np.ndarray]:
    """Compressed data hold field after field, not point after point."""
    _check_length(len(body), 8, 'bytes')
    packed, unpacked = struct.unpack('<II', body[:8])
    _check_length(len(body) - 8, packed, 'bytes')
    _check_length(unpacked, points * _row_bytes(fields), 'bytes')
    data = decompress(body[8 : 8 + packed], unpacked)
    columns, start = {}, 0
    for name, dtype, count in fields:
        block = np.frombuffer(data, dtype, points * count, start)
        if count:
            columns[name] = block.reshape(points, count)[:, 0]
        start += block.nbytes
    return columns


def _row_bytes(fields: list) -> int:
    return sum(dtype.itemsize * count for _, dtype, count in fields)


def _unpack_rgb(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """red, green, blue (P,) uint8 of the packed field, or nothing."""
    packed = next((columns[name] for name in ('rgb', 'rgba') if name in columns), None)
    if packed is None:
        return {}
    if packed.dtype.itemsize != 4:
        raise ValueError(f'PCD field rgb: expected 4 bytes, got {packed.dtype}')
    word = np.ascontiguousarray(packed).view('<u4')
    shifts = (('red', 16), ('green', 8), ('blue', 0))
    return {name: ((word >> shift) & 255).astype(np.uint8) for name, shift in shifts}


def _check_length(have: int, need: int, what: str) -> None:
    if have < need:
        raise ValueError(f'truncated: the header promises {need} {what}, the file has {have}')
