"""HTML viewer: one self-contained page that shows a labelled scan in any browser with WebGL."""

from __future__ import annotations

import base64
import html
import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..atomic_write import atomic_write
from .point_renderer import point_sizes

_PAGE = Path(__file__).with_name('viewer_page.html')
_GREY = 170
# Labels travel as one byte; this one is none of the classes.
_UNLABELED = 255


def write_html_viewer(
    path: str | os.PathLike,
    xyz: np.ndarray,
    rgb: np.ndarray | None,
    truth: np.ndarray | None,
    prediction: np.ndarray | None,
    palette: Sequence[Sequence[int]],
    names: Sequence[str],
    title: str = 'scan',
    max_points: int = 100_000,
) -> None:
    """Write a page to turn, zoom, cut and recolour a scan; it loads nothing from elsewhere.

    Coordinates are stored as 16-bit steps of the bounding box (0.2 mm in a room of 10 m), colours
    and labels as bytes: 1.4 MB for 100 000 points.

    Args:
        path: The page; it appears whole or not at all.
        xyz: (P, 3) coordinates in metres, z up, finite.
        rgb: (P, 3) in 0..255, or None: grey.
        truth: (P,) class indices, or None: the switch is left out.
        prediction: (P,) class indices, or None; others than 0..classes - 1 are drawn dark grey.
        palette: (classes, 3) in 0..255.
        names: (classes,), at most 255.
        title: Of the page.
        max_points: A larger scan is thinned evenly to this many points.

    Raises:
        ValueError: When lengths do not agree, or there are no points or too many classes.
    """
    xyz = np.asarray(xyz, dtype=np.float64)
    if xyz.ndim != 2 or xyz.shape[1] != 3 or len(xyz) == 0 or not np.isfinite(xyz).all():
        raise ValueError(f'xyz: expected finite coordinates (P, 3), P >= 1, got shape {xyz.shape}')
    if len(names) != len(palette) or len(names) > _UNLABELED:
        raise ValueError(
            f'names: expected {len(palette)}, one for each colour, at most {_UNLABELED}, got {len(names)}'
        )
    rgb = np.full(xyz.shape, _GREY) if rgb is None else np.asarray(rgb)
    layers = {'colour': rgb, 'truth': truth, 'prediction': prediction}
    layers = {name: np.asarray(layer) for name, layer in layers.items() if layer is not None}
    for name, layer in layers.items():
        if len(layer) != len(xyz):
            raise ValueError(f'{name}: expected one for each of {len(xyz)} points, got {len(layer)}')
    picked = _thin(len(xyz), max_points)
    layers = {name: _layer_bytes(layer[picked], len(names)) for name, layer in layers.items()}
    scan = _scan_record(xyz[picked], layers, palette, names, title)
    # "</" would end the script element that holds the scan, "<!--" with "<script" leave it open for ever.
    record = json.dumps(scan, separators=(',', ':')).replace('<', '\\u003c')
    head, tail = _PAGE.read_text(encoding='utf-8').split('/*SCAN*/')
    head = head.replace('<title>Point cloud</title>', f'<title>{html.escape(title)}</title>')
    with atomic_write(path) as part:
        part.write_text(f'{head}{record}{tail}', encoding='utf-8')


def _scan_record(
    xyz: np.ndarray,
    layers: dict[str, np.ndarray],
    palette: Sequence[Sequence[int]],
    names: Sequence[str],
    title: str,
) -> dict:
    """What the page's script reads: x = origin + step * (position + 32768)."""
    low = xyz.min(axis=0)
    step = np.maximum(np.ptp(xyz, axis=0), 1e-6) / 65535
    position = np.rint((xyz - low) / step) - 32768
    labels = [layer.ravel() for name, layer in layers.items() if name != 'colour']
    return dict(
        title=title,
        origin=low.tolist(),
        step=step.tolist(),
        spacing=float(np.median(point_sizes(xyz))) / 4,
        position=_base64(position.astype('<i2')),
        layers={name: _base64(layer) for name, layer in layers.items()},
        names=[str(name) for name in names],
        palette=np.asarray(palette).tolist(),
        present=np.unique(np.concatenate(labels)).tolist() if labels else [],
    )


def _layer_bytes(layer: np.ndarray, classes: int) -> np.ndarray:
    """Colours (P, 3) or labels (P,) as bytes."""
    if layer.ndim == 2:
        return np.clip(np.rint(layer), 0, 255).astype(np.uint8)
    return np.where((layer >= 0) & (layer < classes), layer, _UNLABELED).astype(np.uint8)


def _thin(points: int, max_points: int) -> np.ndarray:
    """Rows of an even random choice of `max_points` out of `points`, in order; all if they fit."""
    if points <= max_points:
        return np.arange(points)
    return np.sort(np.random.default_rng(0).choice(points, max_points, replace=False))


def _base64(array: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode('ascii')
