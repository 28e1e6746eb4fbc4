"""Sparse-voxel ops of Swin3D: windows, window attention, nearest neighbours, resampling."""

from . import resample, voxel_index
from .backends import available_backends
from .knn import knn
from .window_attention import window_attention
from .window_index import WindowIndex, partition_windows

__all__ = [
    'WindowIndex',
    'available_backends',
    'knn',
    'partition_windows',
    'resample',
    'voxel_index',
    'window_attention',
]
