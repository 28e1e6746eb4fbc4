"""Sparse-voxel ops of Swin3D: windows, window attention, nearest neighbours, resampling, convolution."""

from . import resample, voxel_index
from .backends import available_backends
from .knn import knn
from .sparse_conv import KernelMap, sparse_conv
from .window_attention import window_attention
from .window_index import WindowIndex, partition_windows

__all__ = [
    'KernelMap',
    'WindowIndex',
    'available_backends',
    'knn',
    'partition_windows',
    'resample',
    'sparse_conv',
    'voxel_index',
    'window_attention',
]
