"""Matchers: which rows belong together."""

from .one_pixel_per_voxel import OnePixelPerVoxel

__all__ = ['OnePixelPerVoxel']
