"""PLY files from anywhere: parsed whole, or refused as damaged before memory is set aside for them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from plyfile import PlyData

HEADER_LIMIT = 1 << 20
_LINE_END = re.compile(rb'\r\n|\r|\n')
_HEADER_END = re.compile(rb'(?:\r\n|\r|\n)end_header[ \t]*(?:\r\n|\r|\n)')
_BYTES = {
    **dict.fromkeys((b'char', b'uchar', b'int8', b'uint8'), 1),
    **dict.fromkeys((b'short', b'ushort', b'int16', b'uint16'), 2),
    **dict.fromkeys((b'int', b'uint', b'int32', b'uint32', b'float', b'float32'), 4),
    **dict.fromkeys((b'double', b'float64'), 8),
}


def parse_ply(path: Path, known_list_len: Mapping[str, Mapping[str, int]] | None = None) -> PlyData:
    """All elements of a PLY file.

    Args:
        path: the file.
        known_list_len: element -> list property -> length that all its lists have; such a binary
            element is mapped in one piece.

    Raises:
        ValueError: saying what is wrong but not in which file, when it is truncated or no PLY.
        OSError: when it cannot be read.
    """
    _check_declared_size(path)
    try:
        return PlyData.read(str(path), known_list_len=dict(known_list_len or {}))
    except (OSError, MemoryError):
        raise
    except Exception as error:  # whatever the parser meets in bytes that are no PLY
        raise ValueError(f'not a whole PLY file: {str(error) or type(error).__name__}') from error


def _check_declared_size(path: Path) -> None:
    """Raise ValueError when the header promises more elements than the file has bytes for.

    plyfile sets memory aside for as many rows as the header names.
    """
    with open(path, 'rb') as file:
        head = file.read(HEADER_LIMIT)
        size = file.seek(0, 2)
    end = _HEADER_END.search(head)
    if end is None:
        raise ValueError('not a whole PLY file: it has no line end_header')
    least = sum(count * row for count, row in _element_sizes(_LINE_END.split(head[: end.start()])))
    have = size - end.end()
    # The last line of an ASCII file may lack its end.
    if have + 1 < least:
        raise ValueError(
            f'not a whole PLY file: the header promises at least {least} bytes of data, the file has {have}'
        )


def _element_sizes(lines: list[bytes]) -> Iterator[tuple[int, int]]:
    """Number of rows and least bytes of a row of each element; malformed lines are left to plyfile."""
    text, count, row = True, 0, 0
    for words in map(bytes.split, lines):
        if words[:1] == [b'format']:
            text = words[1:2] == [b'ascii']
        elif words[:1] == [b'element'] and len(words) == 3:
            yield count, max(row, 1)
            count, row = _row_count(words[2]), 0
        elif words[:1] == [b'property']:
            # A list has its length at least; a number of a text a digit and what parts it from the next.
            kind = words[2:3] if words[1:2] == [b'list'] else words[1:2]
            row += 2 if text else _BYTES.get(b''.join(kind), 1)
    yield count, max(row, 1)


def _row_count(word: bytes) -> int:
    if not word.isdigit():
        raise ValueError(f'not a whole PLY file: expected a number of rows, got {word!r}')
    return int(word)
