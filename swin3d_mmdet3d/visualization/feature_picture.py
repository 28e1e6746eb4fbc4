"""Pictures of features: the three strongest principal components as colours."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from PIL import Image

from .picture_sheet import PANEL, Column, color_column, picture_sheet

SHARE_CUT = 1.0
"""Percent of the points that are cut off at either end of a colour's range."""


def pca_colors(feats: np.ndarray) -> np.ndarray:
    """Colours of features: red, green and blue are their three strongest principal components.

    A component runs from 0 to 255 between its 1st and 99th percentile; its sign is that for which its largest
    weight is positive. Turning or shifting all features alike changes no colour but by such a sign.

    Args:
        feats: ``(P, C)`` finite.

    Returns:
        ``(P, 3)`` uint8; 128 where the features do not differ, as in components that there are not.

    Raises:
        ValueError: For another shape, or if a feature is not finite.
    """
    feats = np.asarray(feats, dtype=np.float64)
    if feats.ndim != 2 or not np.isfinite(feats).all():
        raise ValueError(f'feats must be finite (P, C), got {feats.shape}')
    colors = np.full((len(feats), 3), 128.0)
    if len(feats) == 0:
        return colors.astype(np.uint8)
    centered = feats - feats.mean(axis=0)
    variance, axes = np.linalg.eigh(centered.T @ centered)
    floor = max(variance[-1:].max(initial=0) * 1e-9, np.finfo(np.float64).tiny)
    for channel, axis in enumerate(np.flatnonzero(variance > floor)[::-1][:3]):
        direction = axes[:, axis]
        value = centered @ direction * np.sign(direction[np.abs(direction).argmax()])
        low, high = np.percentile(value, [SHARE_CUT, 100 - SHARE_CUT])
        if high > low:
            colors[:, channel] = (value - low) / (high - low) * 255
    return np.clip(np.rint(colors), 0, 255).astype(np.uint8)


def feature_picture(
    xyz: np.ndarray,
    rgb: np.ndarray | None,
    feats: Mapping[str, np.ndarray],
    panel: tuple[int, int] = PANEL,
) -> Image.Image:
    """One picture of a cloud: its colours, then a column for each kind of features by :func:`pca_colors`.

    Args:
        xyz: ``(P, 3)`` metres, z up.
        rgb: ``(P, 3)`` in 0..255, or None: the column shows the shape.
        feats: Title -> ``(P, C)``.
        panel: Height and width in pixels of one view.

    Raises:
        ValueError: When lengths do not agree.
    """
    columns = [Column(title, pca_colors(values)) for title, values in feats.items()]
    return picture_sheet(xyz, [color_column(xyz, rgb), *columns], [], panel)
