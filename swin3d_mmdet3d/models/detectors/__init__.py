"""Detectors registered in MODELS."""

from .two_stage_voxel_detector import TwoStageVoxelDetector
from .voxel_detector import VoxelDetector

__all__ = ['TwoStageVoxelDetector', 'VoxelDetector']
