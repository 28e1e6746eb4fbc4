"""Decode heads registered in MODELS."""

from .decoupled_head import DecoupledHead
from .language_aligned_head import LanguageAlignedHead
from .linear_probe_head import LinearProbeHead
from .text_anchor_head import TextAnchorHead
from .union_head import UnionHead
from .voxel_seg_head import VoxelSegHead

__all__ = [
    'DecoupledHead',
    'LanguageAlignedHead',
    'LinearProbeHead',
    'TextAnchorHead',
    'UnionHead',
    'VoxelSegHead',
]
