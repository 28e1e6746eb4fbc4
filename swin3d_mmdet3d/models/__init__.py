"""Networks: preprocessors, backbones, necks, heads and the models that join them."""

from .backbones import Swin3D
from .data_preprocessors import VoxelPreprocessor
from .decode_heads import VoxelSegHead
from .necks import Swin3DDecoder
from .segmentors import L1VoteTTAModel, VoxelSegmentor

__all__ = ['L1VoteTTAModel', 'Swin3D', 'Swin3DDecoder', 'VoxelPreprocessor', 'VoxelSegHead', 'VoxelSegmentor']
