"""Encodings of text files: UTF-8, UTF-16 and UTF-32 with their marks, and Latin-1 for what is no UTF-8."""

from __future__ import annotations

import codecs
import re

# The mark of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, 'utf-8'),
    (codecs.BOM_UTF32_LE, 'utf-32-le'),
    (codecs.BOM_UTF32_BE, 'utf-32-be'),
    (codecs.BOM_UTF16_LE, 'utf-16-le'),
    (codecs.BOM_UTF16_BE, 'utf-16-be'),
)
_NO_TEXT = re.compile(rb'[\x00-\x08\x0e-\x19\x1b-\x1f\x7f]')


def decode_text(raw: bytes) -> str:
    """The text of a file.

    Raises:
        ValueError: When it is no text, or UTF-16 without its byte order mark.
    """
    for mark, name in _MARKS:
        if raw.startswith(mark):
            try:
                return raw[len(mark) :].decode(name)
            except UnicodeDecodeError as error:
                raise ValueError(f'not a text file: {error}') from error
    if b'\0' in raw:
        raise ValueError('not a text file: it holds zero bytes (UTF-16 needs its byte order mark)')
    strange = _NO_TEXT.search(raw)
    if strange is not None:
        raise ValueError(f'not a text file: byte {strange[0]!r} at {strange.start()}')
    try:
        return raw.decode('utf-8')
    except UnicodeDecodeError:
        return raw.decode('latin-1')
