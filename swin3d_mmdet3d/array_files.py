"""Files in NumPy's formats, read without trust: no pickles, and no memory for more than is there."""

from __future__ import annotations

import errno
import math
import os
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from lzma import LZMAError
from pathlib import Path
from typing import BinaryIO

import numpy as np

from .size_limits import check_unpacked

# RuntimeError: an encrypted member; NotImplementedError: a compression that zipfile does not know.
_DAMAGED_ARCHIVE = (
    zipfile.BadZipFile,
    zlib.error,
    LZMAError,
    EOFError,
    RuntimeError,
    NotImplementedError,
    struct.error,
    OSError,
)
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def read_npy_file(path: str | os.PathLike) -> np.ndarray:
    """The array of an NPY file.

    Raises:
        ValueError: Saying what is wrong, but not in which file; see :func:`read_npy_array`.
        OSError: When it cannot be read.
    """
    with open(path, 'rb') as file:
        return read_npy_array(file, Path(path).stat().st_size)


def read_npz_file(path: str | os.PathLike, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Arrays of an NPZ archive by their names; others stay unread.

    Raises:
        ValueError: Saying what is wrong, but not in which file: it is damaged, lacks an array, or one of them
            unpacks to too much (:func:`unpacked_limit`).
        OSError: When it cannot be read.
    """
    with open_archive(path) as archive:
        members = {info.filename: info for info in archive.infolist()}
        missing = [name for name in names if f'{name}.npy' not in members]
        if missing:
            raise ValueError(f'it has no {", ".join(missing)}')
        return {name: read_member(archive, members[f'{name}.npy']) for name in names}


@contextmanager
def open_archive(path: str | os.PathLike) -> Iterator[zipfile.ZipFile]:
    """An NPZ archive to read from; whatever is wrong with its bytes is a ValueError."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except _DAMAGED_ARCHIVE as error:
        # A directory that points outside the file ends in an OSError of this number.
        if isinstance(error, OSError) and error.errno != errno.EINVAL:
            raise
        raise ValueError(f'not a whole NPZ archive: {str(error) or type(error).__name__}') from error


def read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    """An array of an archive.

    Raises:
        ValueError: As :func:`read_npz_file`.
    """
    check_unpacked(member.file_size, member.compress_size, f'{member.filename} in it')
    with archive.open(member) as file:
        return read_npy_array(file, member.file_size)


def read_npy_array(file: BinaryIO, available: int) -> np.ndarray:
    """The array of an open NPY file.

    Args:
        file: At the start of the format's magic string.
        available: Bytes from there to the end; no more are set aside.

    Raises:
        ValueError: When it is damaged, promises more values than `available` holds, or has objects
            that only a pickle could give back.

    Source: numpy.lib.format, "Format Specification".
    """
    shape, by_columns, dtype = _read_header(file)
    if dtype.hasobject or dtype.itemsize == 0 or min(shape, default=0) < 0:
        raise ValueError(f'expected an array of numbers or texts, got {dtype} of shape {shape}')
    need = math.prod(shape) * dtype.itemsize
    if need > available:
        raise ValueError(
            f'not a whole NumPy file: the header promises {need} bytes of data, the file has {available}'
        )
    data = bytearray(need)
    have = file.readinto(data)
    if have != need or file.read(1):
        what = f'{have} are there' if have < need else 'more follow'
        raise ValueError(f'not a whole NumPy file: the header promises {need} bytes of data, {what}')
    values = np.frombuffer(data, dtype)
    _check_texts(values)
    return values.reshape(shape, order='F' if by_columns else 'C')


def _check_texts(values: np.ndarray) -> None:
    """Raise ValueError where a text has a number that is no character, at which Python fails in any way."""
    for name in values.dtype.names or ():
        _check_texts(values[name])
    if values.dtype.kind == 'U':
        codes = np.ascontiguousarray(values.ravel()).view(f'{values.dtype.str[0]}u4')
        if ((codes > sys.maxunicode) | ((codes >= 0xD800) & (codes <= 0xDFFF))).any():
            raise ValueError('not a whole NumPy file: a text holds numbers that are no characters')


def _read_header(file: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, whether columns lie together, and dtype."""
    try:
        return _HEADERS[np.lib.format.read_magic(file)](file)
    except OSError:
        raise
    except Exception as error:  # NumPy evaluates the header as Python source, which fails in many ways
        raise ValueError(f'not a whole NumPy file: {type(error).__name__}: {error}') from error
