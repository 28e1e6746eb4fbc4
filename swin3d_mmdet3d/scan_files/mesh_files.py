"""Mesh files: OBJ, GLB, STL and the meshes of PLY files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..structures.color_range import colors_in_255
from .glb import load_glb
from .mesh import MeshPart, mesh_scan
from .named_columns import arrays_from_columns
from .obj import load_obj
from .ply_elements import parse_ply
from .scan import Scan
from .stl import load_stl

_CORNERS = ('vertex_indices', 'vertex_index')


def read_mesh(path: Path, sample: int | None = None) -> Scan:
    """Read the vertices of a mesh, or draw `sample` points on its surface.

    Raises:
        ValueError: For another ending, a damaged file, and a mesh without a surface to draw points on.
    """
    load = MESH_LOADERS.get(path.suffix.lower())
    if load is None:
        raise ValueError(f'sample: expected a mesh ending in {", ".join(MESH_LOADERS)}, got {path.suffix!r}')
    return mesh_scan(load(path), sample)


def load_ply_mesh(path: Path) -> list[MeshPart]:
    """The mesh of a PLY file; polygons become fans of triangles."""
    ply = parse_ply(path)
    elements = {element.name: element for element in ply.elements}
    if 'vertex' not in elements or 'face' not in elements:
        raise ValueError(f'expected elements vertex and face, got {sorted(elements)}')
    vertex, face = elements['vertex'], elements['face']
    parts = arrays_from_columns({field.name: vertex[field.name] for field in vertex.properties})
    name = next((field.name for field in face.properties if field.name in _CORNERS), None)
    if name is None:
        raise ValueError(f'expected a property {" or ".join(_CORNERS)} of faces')
    color = None if parts['color'] is None else colors_in_255(parts['color'])[0]
    return [MeshPart(parts['xyz'].astype(np.float64), _fans(face[name]), color)]


def _fans(polygons: np.ndarray) -> np.ndarray:
    """(F, 3) triangles of polygons."""
    counts = np.array([len(polygon) for polygon in polygons], dtype=np.int64)
    faces = [np.zeros((0, 3), dtype=np.int64)]
    for count in np.unique(counts[counts >= 3]):
        same = np.stack([polygons[row] for row in np.flatnonzero(counts == count)]).astype(np.int64)
        faces += [same[:, [0, corner, corner + 1]] for corner in range(1, count - 1)]
    return np.concatenate(faces)


MESH_LOADERS = {'.obj': load_obj, '.glb': load_glb, '.stl': load_stl, '.ply': load_ply_mesh}
