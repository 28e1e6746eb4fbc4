"""Text scans: one point a line, separated by blanks, commas or semicolons, header allowed."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from .named_columns import arrays_from_columns, arrays_from_table
from .scan import Scan, make_scan


def read_text(path: Path) -> Scan:
    """Read a TXT or XYZ file.

    Without a header the columns are xyz, xyz + rgb, or xyz + rgb + normal. A header line that
    names x, y, z (and r, g, b, nx, ny, nz, label) gives the columns in any order; another header
    line is skipped. Text after `#` is a comment.

    Raises:
        ValueError: when a line has another number of columns or holds no numbers.
    """
    try:
        lines = path.read_text(encoding='utf-8-sig').splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f'not a text file: {error}') from error
    header, lines = _split_header(lines)
    rows = [line for line in lines if line.partition('#')[0].strip()]
    if not rows:
        raise ValueError('empty cloud: the file has no line with numbers')
    delimiter = next((mark for mark in ',;' if mark in rows[0]), None)
    try:
        table = np.loadtxt(rows, delimiter=delimiter, dtype=np.float64, ndmin=2)
    except ValueError as error:
        raise ValueError(f'wrong number of columns or no number: {error}') from error
    return make_scan(**_arrays(table, header))


def _split_header(lines: list[str]) -> tuple[list[str] | None, list[str]]:
    """The words of a first line that is no row of numbers, and the lines after it."""
    for i, line in enumerate(lines):
        words = [w for w in re.split(r'[\s,;]+', line.strip().lstrip('#/ ')) if w]
        if not words:
            continue
        if _is_number(words[0]):
            return None, lines
        return [word.lower() for word in words], lines[i + 1 :]
    return None, lines


def _arrays(table: np.ndarray, header: list[str] | None) -> dict[str, np.ndarray | None]:
    if header is not None and {'x', 'y', 'z'} <= set(header):
        if len(header) != table.shape[1]:
            raise ValueError(f'the header names {len(header)} columns, the rows have {table.shape[1]}')
        return arrays_from_columns(dict(zip(header, table.T)))
    return arrays_from_table(table)


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
