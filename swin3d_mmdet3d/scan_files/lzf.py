"""LZF: the byte-oriented Lempel-Ziv compression inside binary_compressed PCD files."""

from __future__ import annotations


def decompress(data: bytes, size: int) -> bytes:
    """Undo LZF compression.

    A control byte c < 32 is followed by c + 1 literal bytes. Otherwise c >> 5 (7: plus the next
    byte) is a match's length less 2, and the low 5 bits with one more byte its distance less 1.

    Args:
        data: The compressed bytes.
        size: Number of bytes to come out.

    Raises:
        ValueError: When the data end early, point before the start or give another size.

    Source: Marc Lehmann's LibLZF, file format.
    """
    out = bytearray()
    position, end = 0, len(data)
    try:
        while position < end:
            control = data[position]
            position += 1
            if len(out) > size:
                break
            if control < 32:
                out += data[position : position + control + 1]
                position += control + 1
                continue
            length = control >> 5
            if length == 7:
                length += data[position]
                position += 1
            distance = ((control & 31) << 8) + data[position] + 1
            position += 1
            _copy_match(out, distance, length + 2)
    except IndexError as error:
        raise ValueError('LZF data end in the middle of a match') from error
    if len(out) != size:
        what = 'more' if len(out) > size else len(out)
        raise ValueError(f'LZF data give {what} bytes, expected {size}')
    return bytes(out)


def _copy_match(out: bytearray, distance: int, length: int) -> None:
    """Append `length` bytes that start `distance` before the end; they may overlap themselves."""
    start = len(out) - distance
    if start < 0:
        raise ValueError('LZF match points before the start of the data')
    chunk = out[start : start + length]
    if len(chunk) < length:
        chunk = (chunk * (length // len(chunk) + 1))[:length]
    out += chunk
