"""Segmentors and their votes, registered in MODELS."""

from .vote_model import L1VoteTTAModel
from .voxel_segmentor import VoxelSegmentor

__all__ = ['L1VoteTTAModel', 'VoxelSegmentor']
