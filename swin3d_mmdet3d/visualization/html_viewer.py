"""HTML viewer: one self-contained page that shows a labelled scan in any browser with WebGL 2."""

from __future__ import annotations

import base64
import html
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..atomic_write import atomic_write
from ..geometry.normals import estimate_normals
from .box_set import BoxSet
from .detail_order import detail_order
from .label_colors import RIGHT_COLOR, UNLABELED_COLOR, WRONG_COLOR
from .outer_sides import outer_sides
from .point_renderer import SHAPE_COLOR, point_sizes
from .views import room_yaw

_FOLDER = Path(__file__).with_name('viewer')
_SCRIPTS = (
    'scan',
    'camera',
    'point_layer',
    'edge_light',
    'box_layer',
    'picker',
    'gestures',
    'panel',
    'legend',
    'main',
)
# Labels travel as one byte; this one is none of the classes.
_UNLABELED = 255
# Viridis at even steps, low confidence first.
_RAMP = ((68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37))


def write_html_viewer(
    path: str | os.PathLike,
    xyz: np.ndarray,
    rgb: np.ndarray | None,
    truth: np.ndarray | None,
    prediction: np.ndarray | None,
    palette: Sequence[Sequence[int]],
    names: Sequence[str],
    title: str = 'scan',
    max_points: int = 200_000,
    confidence: np.ndarray | None = None,
    normal: np.ndarray | None = None,
    boxes: Sequence[BoxSet] = (),
) -> None:
    """Write a page to turn, zoom, cut and recolour a scan; it loads nothing from elsewhere.

    Coordinates are stored as 16-bit steps of the bounding box (0.2 mm in a room of 10 m), all else as bytes:
    2.1 MB for 100 000 points.

    Args:
        path: The page; it appears whole or not at all.
        xyz: (P, 3) coordinates in metres, z up, finite.
        rgb: (P, 3) in 0..255, or None: the points are shaded by their normals.
        truth: (P,) class indices, or None: the button is left out.
        prediction: (P,) class indices, or None; others than 0..classes - 1 are drawn dark grey.
        palette: (classes, 3) in 0..255.
        names: (classes,), at most 255.
        title: Of the page.
        max_points: Of a larger scan so many points are kept, evenly in space.
        confidence: (P,) of the prediction in [0, 1], or None: the button is left out.
        normal: (P, 3) unit vectors, or None: they are estimated.
        boxes: Sets of boxes, each with a switch of its own.

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
    columns = dict(colour=rgb, truth=truth, prediction=prediction, confidence=confidence, normal=normal)
    columns = {name: np.asarray(column) for name, column in columns.items() if column is not None}
    for name, column in columns.items():
        if len(column) != len(xyz):
            raise ValueError(f'{name}: expected one for each of {len(xyz)} points, got {len(column)}')
    rows = detail_order(xyz, max_points)
    columns = {name: column[rows] for name, column in columns.items()}
    scan = _scan_record(xyz[rows], columns, len(names))
    scan.update(
        title=title,
        total=len(xyz),
        names=[str(name) for name in names],
        palette=np.asarray(palette).tolist(),
        colors=dict(
            right=RIGHT_COLOR, wrong=WRONG_COLOR, unlabelled=UNLABELED_COLOR, shape=SHAPE_COLOR, ramp=_RAMP
        ),
        boxes=[_box_record(boxes) for boxes in boxes],
    )
    with atomic_write(path) as part:
        part.write_text(_page(scan), encoding='utf-8')


def _page(scan: dict[str, Any]) -> str:
    """The page's text, its style, programs and scan put in."""
    # "</" would end the script element that holds the scan, "<!--" with "<script" leave it open for ever.
    record = json.dumps(scan, separators=(',', ':')).replace('<', '\\u003c')
    program = '\n'.join(_part(f'{name}.js') for name in _SCRIPTS)
    head, tail = _part('page.html').split('/*SCAN*/')
    head = head.replace('/*STYLE*/', _part('style.css'))
    head = head.replace('<title>Point cloud</title>', f'<title>{html.escape(scan["title"])}</title>')
    return f'{head}{record}{tail.replace("/*PROGRAM*/", program)}'


def _part(name: str) -> str:
    return (_FOLDER / name).read_text(encoding='utf-8')


def _scan_record(xyz: np.ndarray, columns: dict[str, np.ndarray], num_classes: int) -> dict[str, Any]:
    """What the page's script reads of the points: x = origin + step * (position + 32768)."""
    low = xyz.min(axis=0)
    step = np.maximum(np.ptp(xyz, axis=0), 1e-6) / 65535
    position = np.rint((xyz - low) / step) - 32768
    turn, size = room_yaw(xyz), point_sizes(xyz)
    normal = columns['normal'] if 'normal' in columns else estimate_normals(xyz)
    layers = {name: columns[name] for name in ('colour', 'truth', 'prediction') if name in columns}
    record = dict(
        origin=low.tolist(),
        step=step.tolist(),
        turn=turn,
        extent=np.ptp(xyz, axis=0).tolist(),
        largest=float(size.max()),
        position=_base64(position.astype('<i2')),
        size=_base64(np.ceil(255 * size / max(size.max(), 1e-9)).astype(np.uint8)),
        side=_base64(outer_sides(xyz, turn)),
        normal=_base64(_flat_normals(normal)),
        layers={name: _base64(_layer_bytes(layer, num_classes)) for name, layer in layers.items()},
    )
    if 'confidence' in columns:
        record['confidence'] = _base64(np.rint(255 * np.clip(columns['confidence'], 0, 1)).astype(np.uint8))
    return record


def _flat_normals(normal: np.ndarray) -> np.ndarray:
    """x and y (P, 2) int8 of normals, in steps of 1/127, turned so that z is not negative."""
    upward = np.where(normal[:, 2:] < 0, -normal, normal)
    return np.rint(127 * np.clip(np.nan_to_num(upward[:, :2]), -1, 1)).astype(np.int8)


def _box_record(boxes: BoxSet) -> dict[str, Any]:
    """What the page's script reads of a set of boxes."""
    scores = [None] * len(boxes) if boxes.score is None else np.round(boxes.score, 4).tolist()
    entries = zip(np.round(boxes.corners, 4).tolist(), np.asarray(boxes.label).tolist(), scores)
    return dict(
        title=boxes.title,
        boxes=[dict(corners=corners, label=label, score=score) for corners, label, score in entries],
    )


def _layer_bytes(layer: np.ndarray, classes: int) -> np.ndarray:
    """Colours (P, 3) or labels (P,) as bytes."""
    if layer.ndim == 2:
        return np.clip(np.rint(layer), 0, 255).astype(np.uint8)
    return np.where((layer >= 0) & (layer < classes), layer, _UNLABELED).astype(np.uint8)


def _base64(array: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode('ascii')
