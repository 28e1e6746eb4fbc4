"""Images from anywhere: decoded whole, or refused by name before memory is set aside for them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from ..size_limits import check_image_size


def decode_image(data: bytes, mode: int, name: str) -> np.ndarray:
    """The pixels of an encoded image, (H, W) or (H, W, C) as OpenCV gives them.

    Args:
        data: The file.
        mode: cv2.IMREAD_COLOR (C = 3, blue first) or cv2.IMREAD_UNCHANGED.
        name: What messages call it.

    Raises:
        ValueError: Naming it, if it is no image, truncated, or promises more than it holds.
    """
    check_image_size(data, name)
    try:
        image = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), mode)
    except cv2.error as error:
        raise ValueError(f'{name} must be an image: {" ".join(str(error).split())}') from error
    if image is None:
        raise ValueError(f'{name} must be an image, it is truncated or of another format')
    return image


def read_image_file(path: str | Path, mode: int) -> np.ndarray:
    """The pixels of an image file; `mode` is that of :func:`decode_image`.

    Raises:
        ValueError: Naming the file, if it is missing, or as :func:`decode_image`.
        OSError: If it cannot be read.
    """
    if not Path(path).is_file():
        raise ValueError(f'file {path} is missing')
    return decode_image(Path(path).read_bytes(), mode, f'file {path}')
