"""Sparse-voxel ops of Swin3D: windows, their attention, feed-forward, neighbours, resampling, convolution."""

from . import neighbors, resample, voxel_index
from .block_mlp import block_mlp
from .knn import knn
from .op import available_backends
from .row_linear import row_linear
from .sparse_conv import KernelMap, sparse_conv
from .window_attention import window_attention
from .window_index import WindowIndex, partition_windows

__all__ = [
    'KernelMap',
    'WindowIndex',
    'available_backends',
    'block_mlp',
    'knn',
    'neighbors',
    'partition_windows',
    'resample',
    'row_linear',
    'sparse_conv',
    'voxel_index',
    'window_attention',
]
