"""Geometry of scans: point and mesh normals."""

from .normals import estimate_normals, room_viewpoint, vertex_normals

__all__ = ['estimate_normals', 'room_viewpoint', 'vertex_normals']
