"""Backbones registered in MODELS."""

from .sparse_resnet import SparseResNet34
from .sparse_unet import SparseResUNet, SparseUNet34, SpUNet34
from .swin3d import Swin3D

__all__ = ['SparseResNet34', 'SparseResUNet', 'SparseUNet34', 'SpUNet34', 'Swin3D']
