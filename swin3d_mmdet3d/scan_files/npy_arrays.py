"""Arrays in NumPy's NPY format, read without trust: no pickles, and no memory for more than is there."""

from __future__ import annotations

import math
from typing import BinaryIO

import numpy as np

_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


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
    return np.frombuffer(data, dtype).reshape(shape, order='F' if by_columns else 'C')


def _read_header(file: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, whether columns lie together, and dtype."""
    try:
        return _HEADERS[np.lib.format.read_magic(file)](file)
    except OSError:
        raise
    except Exception as error:  # NumPy evaluates the header as Python source, which fails in many ways
        raise ValueError(f'not a whole NumPy file: {type(error).__name__}: {error}') from error
