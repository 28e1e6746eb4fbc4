"""Data preprocessors registered in MODELS."""

from .object_preprocessor import ObjectPreprocessor
from .view_preprocessor import ViewPreprocessor
from .voxel_preprocessor import VoxelPreprocessor

__all__ = ['ObjectPreprocessor', 'ViewPreprocessor', 'VoxelPreprocessor']
