"""Pickles without code: plain types and NumPy arrays are read, everything else is refused by name."""

from __future__ import annotations

import codecs
import io
import math
import pickle
import re
from collections.abc import Callable
from typing import Any

import numpy as np

MAX_VALUES = 100_000_000
"""Most values of a pickle; those that it names several times, such as one list in many, count as often."""
_PLAIN_DTYPE = re.compile(r'[<>|=]?(?:[biufcSU]\d{1,9}|O8?|\?)')
_SCALARS = (type(None), bool, int, float, complex, str, bytes, bytearray)
_RENAMED = {'__builtin__': 'builtins', 'copy_reg': 'copyreg'}  # of Python 2, as protocol 2 writes them


class StandIn:
    """Stands for a value while a pickle is read, so that no other code than this module's makes it."""

    def value(self) -> Any:
        """The value."""
        raise NotImplementedError


class PickledDtype:
    """Stands for a dtype while a pickle is read; only those of numbers, texts and objects are taken."""

    def __init__(self, code: str, align: bool = False, copy: bool = False) -> None:
        code = code.decode('ascii') if isinstance(code, bytes) else code
        if not isinstance(code, str) or not _PLAIN_DTYPE.fullmatch(code):
            raise pickle.UnpicklingError(f'an array of {code!r} is not plain')
        self.dtype = np.dtype(code)

    def __setstate__(self, state: tuple) -> None:
        order = state[1].decode('ascii') if isinstance(state[1], bytes) else state[1]
        if any(part is not None for part in state[2:5]) or order not in ('<', '>', '|', '='):
            raise pickle.UnpicklingError('an array of records is not plain')
        self.dtype = self.dtype.newbyteorder(order)


class PickledArrayType:
    """Stands for the type ``numpy.ndarray``, which pickles of arrays name."""


class PickledArray(StandIn):
    """Stands for an array: NumPy's pickles make an empty one and then give it its values."""

    def __init__(self, kind: type, shape: tuple, code: Any) -> None:
        if kind is not PickledArrayType or shape != (0,):
            raise pickle.UnpicklingError('an array of another type than numpy.ndarray is not plain')
        self._array = np.zeros(0, np.int8)

    def __setstate__(self, state: tuple) -> None:
        _, shape, dtype, by_columns, data = state
        self._array = array_of_buffer(data, dtype, shape, 'F' if by_columns else 'C')

    def value(self) -> np.ndarray:
        """The array."""
        return self._array


def array_of_buffer(data: Any, dtype: PickledDtype, shape: tuple, order: str) -> np.ndarray:
    """An array of its bytes, or of the list of its objects.

    Raises:
        pickle.UnpicklingError: When there are not as many as the shape says.
    """
    if not isinstance(dtype, PickledDtype) or not all(type(n) is int and n >= 0 for n in shape):
        raise pickle.UnpicklingError(f'there is no array of shape {shape!r} and {dtype!r}')
    kind, count = dtype.dtype, math.prod(shape)
    if kind.hasobject:
        if type(data) is not list or len(data) != count:
            raise pickle.UnpicklingError(f'an array has not the {count} objects of its shape')
        return _object_array(data).reshape(shape, order=order)
    data = data.encode('latin-1') if isinstance(data, str) else data
    size = count * kind.itemsize
    if not isinstance(data, (bytes, bytearray)) or len(data) != size or (count and not size):
        raise pickle.UnpicklingError(f'an array has not the {size} bytes of its shape')
    if not count:
        return np.zeros(shape, kind)
    return np.frombuffer(bytearray(data), kind, count).reshape(shape, order=order)


def numpy_scalar(dtype: PickledDtype, data: Any) -> Any:
    """A NumPy number."""
    return array_of_buffer(data, dtype, (), 'C')[()]


def _object_array(values: list) -> np.ndarray:
    array = np.empty(len(values), object)
    for row, value in enumerate(values):
        array[row] = value
    return array


def _latin_bytes(text: str, encoding: str) -> bytes:
    """Bytes in pickles of protocol 2."""
    if encoding not in ('latin1', 'latin-1'):
        raise pickle.UnpicklingError(f'bytes in {encoding!r} are not plain')
    return codecs.encode(text, 'latin-1')


def _empty_bytes() -> bytes:
    return b''


def _byte_array(data: bytes | str = b'', encoding: str = 'latin-1') -> bytearray:
    return bytearray(_latin_bytes(data, encoding) if isinstance(data, str) else bytes(memoryview(data)))


def _mapping(pairs: list | tuple = ()) -> dict:
    return dict(pairs)


def _complex(real: float, imaginary: float) -> complex:
    return complex(real, imaginary)


PLAIN_GLOBALS: dict[str, Callable] = {
    'numpy.ndarray': PickledArrayType,
    'numpy.dtype': PickledDtype,
    **{
        f'numpy.{core}.{name}': stand_in
        for core in ('core', '_core')
        for name, stand_in in (
            ('multiarray._reconstruct', PickledArray),
            ('multiarray.scalar', numpy_scalar),
            ('numeric._frombuffer', array_of_buffer),
        )
    },
    '_codecs.encode': _latin_bytes,
    'builtins.bytes': _empty_bytes,
    'builtins.bytearray': _byte_array,
    'builtins.set': set,
    'builtins.frozenset': frozenset,
    'builtins.complex': _complex,
    'collections.OrderedDict': _mapping,
}
"""What pickles name to make plain values -> what makes them here.

NumPy's own functions believe a pickle's offsets and sizes in memory.
"""


class _PlainUnpickler(pickle._Unpickler):
    """The standard library's unpickler in Python, which makes nothing but what is in the table above.

    That in C sets memory aside for as many values as ten bytes of a pickle claim.
    """

    dispatch = dict(pickle._Unpickler.dispatch)

    def find_class(self, module: str, name: str) -> Callable:
        """Return what makes the values for which a pickle names a function or class."""
        known = PLAIN_GLOBALS.get(f'{_RENAMED.get(module, module)}.{name}')
        if known is None:
            raise pickle.UnpicklingError(f'it names {module}.{name}, which is no plain type')
        return known

    def persistent_load(self, pid: Any) -> Any:
        """Refuse what lies elsewhere."""
        raise pickle.UnpicklingError('it refers to something outside of it')

    def load_build(self) -> None:
        """Give values to an array or a dtype alone."""
        state = self.stack.pop()
        if not isinstance(self.stack[-1], (PickledArray, PickledDtype)):
            raise pickle.UnpicklingError(f'it changes a {type(self.stack[-1]).__name__}')
        self.stack[-1].__setstate__(state)

    dispatch[pickle.BUILD[0]] = load_build


def load_plain_pickle(data: bytes) -> Any:
    """The content of a pickle of plain types and NumPy arrays; no code that it names runs.

    Args:
        data: The pickle, whole.

    Returns:
        Dicts (also for ordered ones), lists, tuples, sets, texts, bytes, numbers, None and arrays.

    Raises:
        ValueError: Saying what is wrong, but not in which file, if it names anything else, is damaged, or
            goes on behind its end.
    """
    file = io.BytesIO(data)
    try:
        content = settled(_PlainUnpickler(file).load())
    except Exception as error:  # whatever an unpickler meets in damaged bytes
        text = ' '.join(str(error).split())[:300]
        if isinstance(error, pickle.UnpicklingError) and text:
            raise ValueError(text) from error
        raise ValueError(f'it is truncated or not a pickle: {type(error).__name__} {text}'.strip()) from error
    if file.tell() != len(data):
        raise ValueError(f'{len(data) - file.tell()} bytes follow its end')
    return content


def settled(content: Any, is_leaf: Callable[[Any], bool] = lambda value: False) -> Any:
    """A nest of plain containers with the values in the places of their stand-ins; changed in place.

    Args:
        content: What an unpickler gave.
        is_leaf: Whether a value of another type is taken as it is; may raise.

    Raises:
        pickle.UnpicklingError: For a value of any other type, and for more than ``MAX_VALUES`` values.
        RecursionError: For containers within containers, hundreds deep, or within themselves.
    """
    return _Settling(is_leaf).of(content)[0]


class _Settling:
    """Settles each container once, however often it is named, and counts its values as often."""

    def __init__(self, is_leaf: Callable[[Any], bool]) -> None:
        self._is_leaf = is_leaf
        self._done: dict[int, tuple[Any, int]] = {}
        self._kept: list[Any] = []  # an id is that of one value while the value is alive

    def of(self, value: Any) -> tuple[Any, int]:
        """The value settled, and the number of its values."""
        if type(value) in _SCALARS or isinstance(value, np.generic) or self._is_leaf(value):
            return value, 1
        if id(value) not in self._done:
            self._kept.append(value)
            made = value.value() if isinstance(value, StandIn) else value
            trusted = made is not value and not isinstance(made, np.ndarray)
            self._done[id(value)] = (made, 1) if trusted else self._settled(made)
        return self._done[id(value)]

    def _settled(self, value: Any) -> tuple[Any, int]:
        kind = type(value)
        if isinstance(value, dict):
            for key in value:
                _check_key(key)
            parts = [self.of(part) for part in value.values()]
            value.update(zip(list(value), (part for part, _ in parts)))
        elif kind in (list, tuple, set, frozenset):
            parts = [self.of(part) for part in value]
            if kind is list:
                value[:] = [part for part, _ in parts]
            else:
                value = kind(part for part, _ in parts)
        elif kind is np.ndarray and value.dtype.hasobject:
            parts = [self.of(part) for part in value.ravel()]
            value = _object_array([part for part, _ in parts]).reshape(value.shape)
        elif kind is np.ndarray:
            parts = [(None, value.size)]
        else:
            raise pickle.UnpicklingError(f'a {kind.__name__} in it is no plain type')
        count = 1 + sum(number for _, number in parts)
        if count > MAX_VALUES:
            raise pickle.UnpicklingError(f'it unfolds to more than {MAX_VALUES:,} values')
        return value, count


def _check_key(key: Any) -> None:
    if isinstance(key, tuple):
        for part in key:
            _check_key(part)
    elif type(key) not in _SCALARS and not isinstance(key, np.generic):
        raise pickle.UnpicklingError(f'a {type(key).__name__} as key of a dict is no plain type')
