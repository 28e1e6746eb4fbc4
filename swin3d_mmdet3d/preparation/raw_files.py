"""Files of a raw download: read whole and checked, or named together with their scene."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ..json_text import parse_json
from ..scan_files.ply_elements import parse_ply
from ..size_limits import check_image_size

# From here on float32, in which points are written, no longer tells metres apart.
FARTHEST = 2.0**24


def bad_file(scene: str, path: Path, problem: str) -> ValueError:
    """The error of a file whose content cannot be used; `problem` completes its sentence."""
    return ValueError(f'scene {scene}: file {path} {problem}')


def existing_file(scene: str, path: Path) -> Path:
    """The path, if it is a file.

    Raises:
        FileNotFoundError: Naming scene and file, otherwise.
    """
    if not path.is_file():
        raise FileNotFoundError(f'scene {scene}: file {path} is missing')
    return path


def read_json(scene: str, path: Path, key: str) -> list:
    """The list under `key` of a JSON file.

    Raises:
        FileNotFoundError: Naming scene and file, if it is missing.
        ValueError: Naming them, if it is truncated or has no such list.
    """
    try:
        whole: Any = parse_json(existing_file(scene, path).read_bytes())
    except ValueError as error:
        raise bad_file(scene, path, f'is truncated or no JSON: {error}') from error
    values = whole.get(key) if isinstance(whole, dict) else None
    if not isinstance(values, list):
        raise bad_file(scene, path, f'must hold a list {key!r}')
    return values


def read_scene_mesh(scene: str, path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Vertices and faces of a coloured triangle mesh in PLY format.

    Returns:
        (P, 6) float32 xyz in metres and rgb 0..255, in the file's order; (F, 3) integer vertex rows.

    Raises:
        FileNotFoundError: Naming scene and file, if it is missing.
        ValueError: Naming them, if it is truncated, no triangle mesh, without vertices, or has a
            coordinate that is not finite or a face of other vertices.
    """
    triangles = {'face': {'vertex_indices': 3, 'vertex_index': 3}}
    try:
        ply = parse_ply(existing_file(scene, path), triangles)
        vertex, face = ply['vertex'], ply['face'].data
        lists = face[face.dtype.names[0]]
        columns = [vertex[name] for name in ('x', 'y', 'z', 'red', 'green', 'blue')]
        points = np.stack(columns, axis=1).astype(np.float32)
        # An ASCII file gives an array of lists, a binary one a map of the file.
        faces = np.array(lists.tolist() if lists.dtype == object else lists).reshape(len(lists), 3)
    except (KeyError, ValueError, TypeError, IndexError, OverflowError) as error:
        raise bad_file(scene, path, f'is truncated or no mesh with colours: {error}') from error
    check_points(scene, path, points)
    if faces.size and faces.dtype.kind not in 'iu':
        raise bad_file(scene, path, f'must have faces of whole numbers, got {faces.dtype}')
    if faces.size and (faces.min() < 0 or faces.max() >= len(points)):
        raise bad_file(scene, path, f'has faces of vertices that are not among its {len(points)}')
    return points, faces


def read_image(scene: str, path: Path) -> np.ndarray:
    """Pixels of an image as they are stored: (H, W) or (H, W, C); palette images give their indices.

    Raises:
        FileNotFoundError: Naming scene and file, if it is missing.
        ValueError: Naming them, if it is truncated, no image, or promises more pixels than it holds.
    """
    data = existing_file(scene, path).read_bytes()
    try:
        check_image_size(data, 'it')
        with Image.open(io.BytesIO(data)) as image:
            return np.asarray(image)
    except Exception as error:  # Pillow's decoders fail in many ways on damaged data
        raise bad_file(scene, path, f'is truncated or no image: {error}') from error


def check_points(scene: str, path: Path, points: np.ndarray) -> None:
    """Check points (P, 6) of a file: some, finite, not too far for float32, with colours in 0..255.

    Raises:
        ValueError: Naming scene and file, otherwise.
    """
    if not len(points):
        raise bad_file(scene, path, 'holds no points')
    finite = np.isfinite(points).all(axis=1)
    if not finite.all():
        row = int(np.argmin(finite))
        raise bad_file(scene, path, f'has a number that is not finite in point {row}: {points[row]}')
    far = np.abs(points[:, :3]).max()
    if far >= FARTHEST:
        raise bad_file(scene, path, f'must hold coordinates below 2^24 m, got {far:g}')
    low, high = points[:, 3:].min(), points[:, 3:].max()
    if low < 0 or high > 255:
        raise bad_file(scene, path, f'must hold colours of 0..255, got {low:g} .. {high:g}')
