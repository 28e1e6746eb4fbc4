"""Textures of meshes: pictures that are decoded whole, or refused before memory is set aside for them."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from ..size_limits import check_image_size


def decode_texture(data: bytes, name: str) -> np.ndarray:
    """(H, W, 3) uint8 pixels of an encoded picture.

    Args:
        data: The file.
        name: What messages call it.

    Raises:
        ValueError: Naming it, if it is damaged or promises too much.
    """
    check_image_size(data, name)
    try:
        with Image.open(io.BytesIO(data)) as picture:
            return np.array(picture.convert('RGB'))
    except Exception as error:  # Pillow's decoders fail in many ways on damaged data
        raise ValueError(f'{name}: {error}') from error
