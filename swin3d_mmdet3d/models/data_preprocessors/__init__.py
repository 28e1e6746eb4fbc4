"""Data preprocessors registered in MODELS."""

from .voxel_preprocessor import VoxelPreprocessor

__all__ = ['VoxelPreprocessor']
