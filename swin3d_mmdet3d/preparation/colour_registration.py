"""Colour images of another size than the depth that they were registered to."""

from __future__ import annotations

import cv2
import numpy as np

from ..geometry.camera import scale_intrinsic

TOLERANCE = 0.03  # of focal lengths and principal point, between colour and depth


def check_registration(
    color_intrinsic: np.ndarray,
    color_size: tuple[int, int],
    depth_intrinsic: np.ndarray,
    depth_size: tuple[int, int],
    name: str,
) -> None:
    """Check that a colour image brought to the size of the depth has the depth's intrinsics.

    Args:
        color_intrinsic: (3, 3) or (4, 4) of the colour image at its own size.
        color_size: Its width and height.
        depth_intrinsic: Of the depth image.
        depth_size: Its width and height.
        name: What messages call the recording.

    Raises:
        ValueError: Naming it, if the intrinsics differ by more than 3 %: the depth is of another view.
    """
    scaled = scale_intrinsic(color_intrinsic, depth_size[0] / color_size[0], depth_size[1] / color_size[1])
    entries = ([0, 1, 0, 1], [0, 1, 2, 2])
    if not np.allclose(scaled[entries], depth_intrinsic[entries], rtol=TOLERANCE):
        raise ValueError(
            f'{name}: depth must be registered to colour, got intrinsics '
            f'{depth_intrinsic[entries].tolist()} and, scaled, {scaled[entries].tolist()}'
        )


def at_depth_size(image: np.ndarray, depth_size: tuple[int, int]) -> np.ndarray:
    """(H, W, 3) colours resized to the depth's (width, height) by the mean over each pixel's area."""
    return cv2.resize(image, depth_size, interpolation=cv2.INTER_AREA)
