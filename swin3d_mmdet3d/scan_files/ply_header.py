"""PLY headers from anywhere: any line ends and encodings, and how many bytes the data must have at least."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LIMIT = 1 << 20
_FIRST_LINE = re.compile(rb'ply[ \t]*(\r\n|\r|\n)')
_LINE_END = re.compile(rb'\r\n|\r|\n')
_NO_ASCII = re.compile(rb'[^\x00-\x7f]')
_BYTES = {
    **dict.fromkeys((b'char', b'uchar', b'int8', b'uint8'), 1),
    **dict.fromkeys((b'short', b'ushort', b'int16', b'uint16'), 2),
    **dict.fromkeys((b'int', b'uint', b'int32', b'uint32', b'float', b'float32'), 4),
    **dict.fromkeys((b'double', b'float64'), 8),
}


@dataclass(frozen=True)
class PlyHeader:
    """The header of a PLY file.

    Attributes:
        lines: Its lines in ASCII, without their ends; other characters are question marks.
        comments: Text of its comments.
        end: Offset of the byte after it.
        line_ends: Bytes of the empty line that some writers leave after it; 0 without one.
        size: Bytes of the whole file.
    """

    lines: tuple[bytes, ...]
    comments: tuple[str, ...]
    end: int
    line_ends: int
    size: int

    @property
    def clean(self) -> bytes:
        """The header as the format's description has it."""
        return b'\n'.join(self.lines) + b'\n'

    @property
    def is_text(self) -> bool:
        """Whether the data are a text."""
        return any(line.split()[:2] == [b'format', b'ascii'] for line in self.lines)

    @property
    def has_lists(self) -> bool:
        """Whether rows may differ in length."""
        return any(line.split()[:2] == [b'property', b'list'] for line in self.lines)

    @property
    def rows(self) -> int:
        """Rows of all elements together."""
        return sum(count for count, _ in _element_sizes(self.lines))

    @property
    def least(self) -> int:
        """Bytes that the data have at least; exactly those of a binary file without lists."""
        return sum(count * row for count, row in _element_sizes(self.lines))


def read_ply_header(path: Path) -> PlyHeader:
    """The header of a PLY file.

    Raises:
        ValueError: It has none, or it promises more data than the file has.
        OSError: When the file cannot be read.
    """
    with open(path, 'rb') as file:
        head = file.read(LIMIT)
        size = file.seek(0, 2)
    first = _FIRST_LINE.match(head)
    if first is None:
        raise ValueError('not a whole PLY file: it does not begin with a line "ply"')
    # After a header of bare carriage returns a line feed is the first byte of the data.
    ends = rb'\r' if first[1] == b'\r' else rb'\r?\n'
    last = re.search(rb'(?:\r\n|\r|\n)end_header[ \t]*(?:' + ends + rb')', head)
    if last is None:
        raise ValueError('not a whole PLY file: it has no line end_header')
    raw = [line.strip() for line in _LINE_END.split(head[: last.end()]) if line.strip()]
    comments = tuple(_decoded(line[8:]) for line in raw if line.startswith(b'comment '))
    empty = re.match(ends, head[last.end() : last.end() + 2])
    header = PlyHeader(
        lines=tuple(_NO_ASCII.sub(b'?', line) for line in raw),
        comments=comments,
        end=last.end(),
        line_ends=len(empty[0]) if empty else 0,
        size=size,
    )
    # The last line of a text may lack its end.
    if size - header.end + 1 < header.least:
        raise ValueError(
            f'not a whole PLY file: the header promises at least {header.least} bytes of data, the file has '
            f'{size - header.end}'
        )
    return header


def _decoded(comment: bytes) -> str:
    try:
        return comment.decode('utf-8')
    except UnicodeDecodeError:
        return comment.decode('latin-1')


def _element_sizes(lines: tuple[bytes, ...]) -> Iterator[tuple[int, int]]:
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
