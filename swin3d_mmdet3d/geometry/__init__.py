"""Geometry of scans: cameras, images along the axes, matches of pixels and points, point and mesh normals."""

from .axis_views import axis_views
from .correspondence import back_project, nearest_within, visible_pixels
from .normals import estimate_normals, room_viewpoint, vertex_normals

__all__ = [
    'axis_views',
    'back_project',
    'estimate_normals',
    'nearest_within',
    'room_viewpoint',
    'vertex_normals',
    'visible_pixels',
]
