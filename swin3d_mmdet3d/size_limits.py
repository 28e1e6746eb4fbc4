"""How much memory a packed file may ask for: a few bytes of a zip or an image can promise gigabytes."""

from __future__ import annotations

import io
import math
import os

from PIL import Image

LIMIT_VARIABLE = 'SWIN3D_MAX_UNPACKED'
MAX_BYTES_PER_BYTE = 64.0
ALWAYS_ALLOWED = 1 << 28
"""Bytes that any file may unpack to: a scan of 10 million points, a photograph of 67 million pixels."""
BYTES_PER_PIXEL = 4  # that a decoder sets aside
# Deflate makes 258 bytes of two bits at best, a pixel takes PNG a bit and 64 of them take JPEG a bit.
MAX_PIXELS_PER_BYTE = 8300
PNG_MAGIC = b'\x89PNG\r\n\x1a\n'


def unpacked_limit(packed: int) -> int:
    """Most bytes that this many packed ones may become.

    256 MiB, and 64 for each packed byte, or as many as the environment's ``SWIN3D_MAX_UNPACKED`` says. Scans
    and photographs pack by 2 to 20, only masks and plain colours by hundreds.

    Raises:
        ValueError: If the variable is no number of at least 1.
    """
    value = os.environ.get(LIMIT_VARIABLE) or MAX_BYTES_PER_BYTE
    try:
        ratio = float(value)
    except ValueError:
        ratio = math.nan
    if not 1 <= ratio < math.inf:
        raise ValueError(f'{LIMIT_VARIABLE} must be a number of at least 1, got {value!r}')
    return ALWAYS_ALLOWED + int(ratio * packed)


def check_unpacked(promised: int, packed: int, what: str) -> None:
    """Refuse what would take too much memory.

    Args:
        promised: Bytes that it says it has.
        packed: Bytes that it has in its file.
        what: Its name.

    Raises:
        ValueError: Naming it and the variable.
    """
    limit = unpacked_limit(packed)
    if promised > limit:
        raise ValueError(
            f'{what}: {promised} bytes are more than the {limit} that {packed} packed ones may become; '
            f'{LIMIT_VARIABLE} sets how many for each'
        )


def check_image_size(data: bytes, name: str) -> None:
    """Check the size that the header of an image promises, which decoders set memory aside for.

    Args:
        data: The file.
        name: What messages call it.

    Raises:
        ValueError: Naming it, if it is no image, promises more than :func:`unpacked_limit`, or a part of it
            promises more than follows.
    """
    try:
        with Image.open(io.BytesIO(data)) as image:
            width, height = image.size
    except Exception as error:  # Pillow's readers of headers fail in many ways on damaged ones
        kind = 'empty' if not data else 'truncated or of another format'
        raise ValueError(f'{name} must be an image, it is {kind}') from error
    _check_png_chunks(data, name)
    told = f'{name} promises {width} x {height} pixels'
    if width * height > MAX_PIXELS_PER_BYTE * len(data):
        raise ValueError(f'{told}, more than its {len(data)} bytes can hold')
    check_unpacked(BYTES_PER_PIXEL * width * height, len(data), told)


def _check_png_chunks(data: bytes, name: str) -> None:
    """Refuse a PNG with a chunk longer than the rest of it: OpenCV sets the length aside before it reads.

    Source: PNG specification (third edition), 5.3 "Chunk layout".
    """
    at = len(PNG_MAGIC)
    while data.startswith(PNG_MAGIC) and at + 12 <= len(data):
        length, kind = int.from_bytes(data[at : at + 4], 'big'), data[at + 4 : at + 8]
        if length > len(data) - at - 12:
            raise ValueError(f'{name} must be an image, it is truncated: a part promises {length} bytes')
        if kind == b'IEND':
            return
        at += 12 + length
