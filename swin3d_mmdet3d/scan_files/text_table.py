"""Text tables: header, count lines, separators and decimal marks of lines of numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_COMMENT = re.compile(r'(?:^|\s)(?:#|//).*$')
_COMMENT_MARK = re.compile(r'^[#/%!;\s]+')
_UNIT = re.compile(r'[\[(].*?[\])]')
# How Microsoft's C library writes what is no number.
_NO_NUMBER = re.compile(r'[+-]?1\.#(?:QNAN|SNAN|IND|INF)\w*', re.IGNORECASE)
_COMMA_NUMBER = re.compile(r'[+-]?\d*,?\d*(?:[eE][+-]?\d+)?')
_BY_THREES = re.compile(r'[+-]?[1-9]\d{0,2}(?:,\d{3})+')
_POINT = 'write numbers with a decimal point, and columns apart by blanks or semicolons'
ENOUGH = 100  # numbers after commas among which some would begin with 0, were they decimals


@dataclass(frozen=True)
class TextTable:
    """The numbers of a text.

    Attributes:
        values: (P, C) float64.
        names: of the C columns, in lower case; None where no line names x, y and z.
    """

    values: np.ndarray
    names: tuple[str, ...] | None


def parse_table(text: str, known: Sequence[Sequence[str]]) -> TextTable:
    """The table of a text: lines of numbers after any header and count line.

    Args:
        text: columns are separated by blanks, commas or semicolons; lines may end in a separator; `#` and
            `//` begin comments, which may name the columns.
        known: names, in lower case; a line before the numbers that holds one of these groups names the
            columns.

    Raises:
        ValueError: there is no row; lines have different numbers of columns or hold no numbers; a count line
            does not agree with the rows; a header has names but not the known ones; commas can be decimal
            marks as well as separators.
    """
    header, rows = _split_header(text.splitlines())
    rows = _without_counts(_cleaned(rows))
    if not rows:
        raise ValueError('empty cloud: the file has no line with numbers')
    titles = [words for words in map(_header_words, header) if words]
    names = next((words for words in reversed(titles) if any(set(k) <= set(words) for k in known)), None)
    rows, separator = _separated(rows, len(names) if names else None)
    try:
        values = np.loadtxt(rows, delimiter=separator, dtype=np.float64, ndmin=2, comments=None)
    except ValueError as error:
        told = str(error).partition(';')[0]
        raise ValueError(f'wrong number of columns or no number: {told}') from error
    if names and len(names) != values.shape[1]:
        raise ValueError(f'the header names {len(names)} columns, the rows have {values.shape[1]}')
    if names is None:
        _check_titles(header, values.shape[1])
    return TextTable(values, names)


def _split_header(lines: list[str]) -> tuple[list[str], list[str]]:
    """The lines before the first row of numbers, and the rows, headed by a count line if there is one."""
    header, count = [], []
    for i, line in enumerate(lines):
        words = re.split(r'[\s,;]+', line.strip().strip('"'))
        if not words[0]:
            continue
        if not _is_number(words[0].strip('"')):
            header.append(line)
        elif len(words) == 1 and words[0].isdigit() and not count:
            count = [line]
        else:
            return header, count + lines[i:]
    return header, count


def _header_words(line: str) -> tuple[str, ...]:
    """The words of a header, separated as its rows are; units in brackets and quotes are left out."""
    line = _COMMENT_MARK.sub('', line).strip()
    separator = next((mark for mark in ';,\t' if mark in line), None)
    words = line.rstrip(f' {separator}').split(separator) if separator else line.split()
    return tuple(_UNIT.sub('', word.strip().strip('"\'')).strip(' _').lower() for word in words)


def _check_titles(header: list[str], width: int) -> None:
    """Raise ValueError when a line before the numbers names their columns in words that are not known."""
    for line in header:
        words = _header_words(line)
        if words[:1] == ('ncols',) or line.lower().startswith('ncols'):
            raise ValueError('an ESRI grid of heights: expected one point a line')
        is_comment = line.lstrip().startswith(('#', '//', '%', '!'))
        if not is_comment and len(words) == width:
            raise ValueError(
                f'the header names the columns {", ".join(words)}: expected x, y and z among them'
            )


def _cleaned(lines: list[str]) -> list[str]:
    """Lines without comments, quotes and separators at their ends; none that is blank."""
    cleaned = []
    for line in lines:
        if '#' in line or '//' in line:
            line = _COMMENT.sub('', _NO_NUMBER.sub('nan', line))
        if '"' in line:
            line = line.replace('"', '')
        line = line.strip()
        if line:
            # Separators alone are a row whose numbers are missing.
            cleaned.append(line.rstrip(',; \t') or line)
    return cleaned


def _without_counts(rows: list[str]) -> list[str]:
    """The rows of blocks that each begin with a line that counts their rows, as in PTS files."""
    if len(rows) == 1 and rows[0].isdigit():
        raise ValueError(f'empty cloud: no row of numbers follows the line {rows[0]!r}')
    if len(rows) < 2 or not rows[0].isdigit() or rows[1].isdigit():
        return rows
    found, start = [], 0
    while start < len(rows):
        if not rows[start].isdigit():
            raise ValueError(f'more rows follow than the {rows[0]} that the first line counts')
        end = start + 1 + int(rows[start])
        if end > len(rows) or any(row.isdigit() for row in rows[start + 1 : end]):
            raise ValueError(
                f'truncated: a line counts {rows[start]} rows, {len(rows) - start - 1} lines follow'
            )
        found += rows[start + 1 : end]
        start = end
    return found


def _separated(rows: list[str], names: int | None) -> tuple[list[str], str | None]:
    """Rows with decimal points, and what separates their columns (None: blanks)."""
    has_comma, has_semicolon = any(',' in row for row in rows), any(';' in row for row in rows)
    if not has_comma:
        has_gap = any('\t\t' in row for row in rows)
        return rows, ';' if has_semicolon else '\t' if has_gap else None
    if has_semicolon:
        return _with_points(rows, ';'), ';'
    # 1, 2, 3 has separators; 1,5 2,5 3,5 has decimal marks.
    if any(re.search(r'\d\s+[+-]?[.\d]', row) for row in rows):
        fields = [field for row in rows for field in row.split()]
        if all(_BY_THREES.fullmatch(field) or ',' not in field for field in fields):
            raise ValueError(f'commas may be decimal marks or separate thousands ({rows[0]!r}): {_POINT}')
        return _with_points(rows, None), None
    _check_comma_separates(rows, names)
    return rows, ','


def _with_points(rows: list[str], separator: str | None) -> list[str]:
    """Rows whose decimal commas are points."""
    for row in rows:
        for field in row.split(separator):
            if not _COMMA_NUMBER.fullmatch(field.strip()) and ',' in field:
                raise ValueError(f'commas are neither decimal marks nor separators in {row!r}: {_POINT}')
    return [row.replace(',', '.') for row in rows]


def _check_comma_separates(rows: list[str], names: int | None) -> None:
    """Raise ValueError when 1,5,2,5,3,5 may be three decimal numbers as well as six whole ones."""
    width = rows[0].count(',') + 1
    if width == names or width < 6 or width % 2 or any(re.search(r'[.eE\s]|na', row) for row in rows):
        return
    after = [field for row in rows for field in row.split(',')[1::2]]
    if any(field.startswith(('-', '+')) for field in after):
        return
    long = [field for field in after if len(field) > 1]
    if len(long) >= ENOUGH and not any(field.startswith('0') for field in long):
        return
    raise ValueError(f'commas may be decimal marks as well as separators ({rows[0]!r}): {_POINT}')


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return bool(_NO_NUMBER.fullmatch(word))
    return True
