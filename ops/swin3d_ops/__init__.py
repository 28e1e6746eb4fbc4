"""Sparse-voxel ops of Swin3D: windows, window attention, nearest neighbours, resampling, convolution."""

from . import resample, site_conv, voxel_index
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
    'site_conv',
    'voxel_index',
    'window_attention',
]
