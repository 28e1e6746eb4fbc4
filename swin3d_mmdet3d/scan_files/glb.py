"""GLB meshes (binary glTF): all meshes and points of the scene, turned from y up to z up."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import trimesh
from mmengine.logging import print_log

from ..size_limits import BYTES_PER_PIXEL, check_unpacked
from .glb_colors import colors_in_bytes
from .glb_header import read_glb
from .mesh import MeshPart
from .upright import upright_turn


def load_glb(path: Path) -> list[MeshPart]:
    """The meshes and point clouds of a GLB file, in metres with z up.

    glTF has y up (glTF 2.0 Specification, section 3.4), so that coordinates are turned.

    Raises:
        ValueError: The file is damaged, or has extensions that cannot be read.
    """
    glb = read_glb(path)
    try:
        file = io.BytesIO(colors_in_bytes(glb).to_bytes())
        scene = trimesh.load(file, file_type='glb', force='scene', process=False)
        parts = [_part(scene, node, path.stat().st_size) for node in scene.graph.nodes_geometry]
    except (OSError, MemoryError, ValueError):
        raise
    except Exception as error:  # whatever trimesh meets in a damaged file
        raise ValueError(f'not a whole GLB file: {error!r}') from error
    print_log(
        f'{path.name}: y is up in GLB files by their standard; turned so that z is up', logger='current'
    )
    return [part for part in parts if part is not None]


def _part(scene: trimesh.Scene, node: str, size: int) -> MeshPart | None:
    """The geometry of a node of a file of this size in the coordinates of the scene, z up; None for lines."""
    place, name = scene.graph[node]
    geometry = scene.geometry[name]
    if not isinstance(geometry, (trimesh.Trimesh, trimesh.PointCloud)):
        return None
    place = np.asarray(place, dtype=np.float64)
    turn = upright_turn('y') @ place[:3, :3]
    vertices = np.asarray(geometry.vertices, dtype=np.float64) @ turn.T + upright_turn('y') @ place[:3, 3]
    if isinstance(geometry, trimesh.PointCloud):
        faces, colors = np.zeros((0, 3), dtype=np.int64), geometry.colors
        return MeshPart(vertices, faces, np.asarray(colors)[:, :3] if len(colors) == len(vertices) else None)
    faces = np.asarray(geometry.faces, dtype=np.int64)
    visual = geometry.visual
    if visual.kind != 'texture':
        return MeshPart(vertices, faces, visual.vertex_colors[:, :3] if visual.defined else None)
    color = geometry.visual.vertex_attributes.get('color')
    if color is not None and len(color) == len(vertices):
        return MeshPart(vertices, faces, trimesh.visual.color.to_rgba(color)[:, :3])
    picture = _picture(visual.material, size)
    if picture is None or visual.uv is None:
        return MeshPart(vertices, faces, _constant(visual.material, len(vertices)))
    corner_uv = np.asarray(visual.uv, dtype=np.float64)[faces]
    return MeshPart(vertices, faces, None, corner_uv, (picture,), np.zeros(len(faces), dtype=np.int64))


def _picture(material: object, size: int) -> np.ndarray | None:
    """(H, W, 3) uint8 base colour texture of a material, or None."""
    picture = getattr(material, 'baseColorTexture', None) or getattr(material, 'image', None)
    if picture is None:
        return None
    width, height = picture.size  # decoded from here on
    check_unpacked(BYTES_PER_PIXEL * width * height, size, f'a texture of {width} x {height} pixels')
    return np.array(picture.convert('RGB'))


def _constant(material: object, count: int) -> np.ndarray | None:
    """(V, 3) base colour of a material that states one, or None."""
    factor = getattr(material, 'baseColorFactor', None)
    if factor is None:
        return None
    return np.tile(trimesh.visual.color.to_rgba(factor)[:3].astype(np.float64), (count, 1))
