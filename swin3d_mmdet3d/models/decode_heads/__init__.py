"""Decode heads registered in MODELS."""

from .voxel_seg_head import VoxelSegHead

__all__ = ['VoxelSegHead']
