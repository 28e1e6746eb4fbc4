"""Geometry of scans: cameras, matched rows of pixels and points, point and mesh normals."""

from .correspondence import back_project, nearest_within, visible_pixels
from .normals import estimate_normals, room_viewpoint, vertex_normals

__all__ = [
    'back_project',
    'estimate_normals',
    'nearest_within',
    'room_viewpoint',
    'vertex_normals',
    'visible_pixels',
]
