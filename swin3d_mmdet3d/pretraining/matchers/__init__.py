"""Matchers: which rows belong together."""

from .one_pixel_per_voxel import OnePixelPerVoxel
from .radius_matcher import RadiusMatcher
from .same_point import voxels_of_same_points
from .seen_regions import SeenRegions
from .shared_voxel_pixels import SharedVoxelPixels

__all__ = ['OnePixelPerVoxel', 'RadiusMatcher', 'SeenRegions', 'SharedVoxelPixels', 'voxels_of_same_points']
