"""Segmentors registered in MODELS."""

from .voxel_segmentor import VoxelSegmentor

__all__ = ['VoxelSegmentor']
