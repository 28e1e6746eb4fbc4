"""Matchers: which rows belong together."""

from .nearest_origin import NearestOrigin
from .one_pixel_per_voxel import OnePixelPerVoxel

__all__ = ['NearestOrigin', 'OnePixelPerVoxel']
