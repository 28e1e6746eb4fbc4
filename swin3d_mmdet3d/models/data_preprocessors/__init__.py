"""Data preprocessors registered in MODELS."""

from .view_preprocessor import ViewPreprocessor
from .voxel_preprocessor import VoxelPreprocessor

__all__ = ['ViewPreprocessor', 'VoxelPreprocessor']
