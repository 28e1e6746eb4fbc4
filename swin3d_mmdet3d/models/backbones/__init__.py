"""Backbones registered in MODELS."""

from .pointwise_backbone import PointwiseBackbone
from .raw_inputs import RawInputs
from .sparse_resnet import SparseResNet34
from .sparse_unet import SparseResUNet, SparseUNet34, SpUNet34
from .swin3d import Swin3D
from .token_transformer import TokenTransformer

__all__ = [
    'PointwiseBackbone',
    'RawInputs',
    'SparseResNet34',
    'SparseResUNet',
    'SparseUNet34',
    'SpUNet34',
    'Swin3D',
    'TokenTransformer',
]
