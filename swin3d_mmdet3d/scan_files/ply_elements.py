"""PLY files from anywhere: parsed whole, or refused as damaged before memory is set aside for them."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

from plyfile import PlyData

from .ply_header import PlyHeader, read_ply_header

TAIL = 2  # bytes of a line end that some writers leave after the data


def parse_ply(path: Path, known_list_len: Mapping[str, Mapping[str, int]] | None = None) -> PlyData:
    """All elements of a PLY file.

    Args:
        path: The file.
        known_list_len: Element -> list property -> length that all its lists have; such a binary
            element is mapped in one piece.

    Raises:
        ValueError: Saying what is wrong but not in which file, when it is no PLY, or holds less or more than
            its header says.
        OSError: When it cannot be read.
    """
    header = read_ply_header(path)
    if header.is_text:
        _check_lines(path, header)
        return _parsed(path, header, header.end + header.line_ends, known_list_len)[0]
    if not header.has_lists:
        return _parsed(path, header, _data_start(path, header), known_list_len)[0]
    # Only reading lists tells where they end.
    try:
        ply, rest = _parsed(path, header, header.end, known_list_len)
    except ValueError:
        if not header.line_ends:
            raise
        rest = header.size
    if rest > TAIL and header.line_ends:
        ply, rest = _parsed(path, header, header.end + header.line_ends, known_list_len)
    if rest > TAIL:
        raise ValueError(_too_long(rest))
    return ply


def _parsed(
    path: Path, header: PlyHeader, start: int, lengths: Mapping[str, Mapping[str, int]] | None
) -> tuple[PlyData, int]:
    """The elements of data that begin at `start`, and the bytes after them."""
    with _CleanPly(path, header.clean, start) as stream:
        try:
            ply = PlyData.read(stream, known_list_len=dict(lengths or {}))
            return ply, 0 if header.is_text else header.size - stream.tell()
        except (OSError, MemoryError):
            raise
        except Exception as error:  # whatever the parser meets in bytes that are no PLY
            raise ValueError(f'not a whole PLY file: {str(error) or type(error).__name__}') from error


class _CleanPly(io.BufferedReader):
    """A PLY file whose header reads as `header` and whose data begin at `start`."""

    def __init__(self, path: Path, header: bytes, start: int) -> None:
        super().__init__(io.FileIO(str(path)))
        self._header = io.BytesIO(header)
        self.seek(start)

    def read(self, size: int | None = -1) -> bytes:
        """At most `size` bytes, of the header as long as it lasts."""
        return self._header.read(size) or super().read(size)


def _data_start(path: Path, header: PlyHeader) -> int:
    """Where binary rows of known length begin: after the header, or after an empty line."""
    extra = header.size - header.end - header.least
    with open(path, 'rb') as file:
        file.seek(max(header.size - TAIL, header.end))
        tail = file.read()
    # One byte short of what is promised is left to plyfile.
    ends_so = 0 < extra <= TAIL and tail[-extra:] in (b'\n', b'\r\n')
    if extra <= 0 or (ends_so and extra != header.line_ends):
        return header.end
    if extra == header.line_ends and not ends_so:
        return header.end + extra
    if ends_so:
        raise ValueError('not a whole PLY file: a line end is too much, before or after the data')
    raise ValueError(_too_long(extra))


def _check_lines(path: Path, header: PlyHeader) -> None:
    """Raise ValueError when a text has more lines than its header has rows; fewer are left to plyfile."""
    with open(path, 'rb') as file:
        file.seek(header.end)
        data = file.read().strip()
    lines = data.replace(b'\r\n', b'\n').replace(b'\r', b'\n').count(b'\n') + bool(data)
    if lines > header.rows:
        raise ValueError(
            f'not a whole PLY file: the header promises {header.rows} rows, the file has {lines} lines'
        )


def _too_long(extra: int) -> str:
    return (
        f'not a whole PLY file: {extra} bytes more than the header promises (a binary file grows so when it '
        'is sent as a text)'
    )
