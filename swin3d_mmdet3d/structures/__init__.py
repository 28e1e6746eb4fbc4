"""Data structures that the rooms above pass to each other."""

from .sparse_voxels import SIGNAL_CHANNELS, FeatureLevel, SparseVoxels

__all__ = ['SIGNAL_CHANNELS', 'FeatureLevel', 'SparseVoxels']
