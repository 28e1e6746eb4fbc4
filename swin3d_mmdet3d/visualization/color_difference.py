"""Colour difference: how unlike two colours look, by CIEDE2000."""

from __future__ import annotations

import numpy as np

_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_WHITE = np.array([0.95047, 1.0, 1.08883])  # D65
_LINEAR_BELOW = 216 / 24389
_SLOPE = 24389 / 27


def cielab(color: np.ndarray) -> np.ndarray:
    """CIE 1976 L*a*b* (D65) of sRGB colours.

    Args:
        color: ``(..., 3)`` in 0..255.

    Returns:
        ``(..., 3)`` L* in [0, 100], a*, b*.

    Source: IEC 61966-2-1 and CIE 15.
    """
    share = np.asarray(color, dtype=np.float64) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    relative = linear @ _TO_XYZ.T / _WHITE
    f = np.where(relative > _LINEAR_BELOW, np.cbrt(relative), (_SLOPE * relative + 16) / 116)
    x, y, z = np.moveaxis(f, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def color_difference(lab: np.ndarray, other: np.ndarray) -> np.ndarray:
    """CIEDE2000 difference of colours: about 1 is the least that is seen, 10 is seen at a glance.

    Args:
        lab: ``(..., 3)`` of `cielab`.
        other: ``(..., 3)``, of a shape that broadcasts with ``lab``.

    Returns:
        ``(...)``, 0 for equal colours.

    Source: Sharma, Wu, Dalal, "The CIEDE2000 color-difference formula", Color Research and Application 2005.
    """
    light, a, b = np.moveaxis(np.asarray(lab, dtype=np.float64), -1, 0)
    other_light, other_a, other_b = np.moveaxis(np.asarray(other, dtype=np.float64), -1, 0)
    mean_chroma = (np.hypot(a, b) + np.hypot(other_a, other_b)) / 2
    stretch = 1.5 - 0.5 * np.sqrt(_saturation(mean_chroma))
    chroma, other_chroma = np.hypot(stretch * a, b), np.hypot(stretch * other_a, other_b)
    hue = np.degrees(np.arctan2(b, stretch * a)) % 360
    other_hue = np.degrees(np.arctan2(other_b, stretch * other_a)) % 360
    grey = chroma * other_chroma == 0
    turn = np.where(grey, 0, (other_hue - hue + 180) % 360 - 180)
    mean_hue = np.where(grey, hue + other_hue, (hue + turn / 2) % 360)
    mean_light, mean_chroma = (light + other_light) / 2, (chroma + other_chroma) / 2

    def wave(times: int, shift: float) -> np.ndarray:
        return np.cos(np.radians(times * mean_hue + shift))

    hue_weight = 1 - 0.17 * wave(1, -30) + 0.24 * wave(2, 0) + 0.32 * wave(3, 6) - 0.20 * wave(4, -63)
    middle = (mean_light - 50) ** 2
    steps = (
        (other_light - light) / (1 + 0.015 * middle / np.sqrt(20 + middle)),
        (other_chroma - chroma) / (1 + 0.045 * mean_chroma),
        2
        * np.sqrt(chroma * other_chroma)
        * np.sin(np.radians(turn / 2))
        / (1 + 0.015 * mean_chroma * hue_weight),
    )
    blue = np.radians(60 * np.exp(-(((mean_hue - 275) / 25) ** 2)))
    rotation = -2 * np.sqrt(_saturation(mean_chroma)) * np.sin(blue)
    squares = sum(step**2 for step in steps) + rotation * steps[1] * steps[2]
    return np.sqrt(np.maximum(squares, 0))


def _saturation(chroma: np.ndarray) -> np.ndarray:
    return chroma**7 / (chroma**7 + 25.0**7)
