"""Decode heads registered in MODELS."""

from .decoupled_head import DecoupledHead
from .language_aligned_head import LanguageAlignedHead
from .voxel_seg_head import VoxelSegHead

__all__ = ['DecoupledHead', 'LanguageAlignedHead', 'VoxelSegHead']
