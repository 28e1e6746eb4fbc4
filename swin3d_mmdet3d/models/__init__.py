"""Networks: preprocessors, backbones, necks, heads and the models that join them."""

from .backbones import SparseResNet34, Swin3D, TokenTransformer
from .box_coders import AxisAlignedBoxCoder, MobiusBoxCoder
from .data_preprocessors import ObjectPreprocessor, VoxelPreprocessor
from .decode_heads import DecoupledHead, LanguageAlignedHead, TextAnchorHead, UnionHead, VoxelSegHead
from .dense_heads import CAGroup3DHead, CAGroup3DRoIHead, SparseFCAF3DHead, SparseTR3DHead
from .detectors import TwoStageVoxelDetector, VoxelDetector
from .image_networks import ImageEncoder, PixelSegmentor, ViewVote
from .losses import (
    AxisAlignedDIoULoss,
    AxisAlignedLogIoULoss,
    CrossEntropyLovasz,
    PolygonDIoU3DLoss,
    PolygonIoU3DLoss,
)
from .necks import LevelConcat, SparseTR3DNeck, Swin3DDecoder
from .object_networks import ObjectClassifier, ObjectPartSegmentor
from .segmentors import L1VoteTTAModel, VoxelSegmentor

__all__ = [
    'AxisAlignedBoxCoder',
    'AxisAlignedDIoULoss',
    'AxisAlignedLogIoULoss',
    'CAGroup3DHead',
    'CAGroup3DRoIHead',
    'CrossEntropyLovasz',
    'DecoupledHead',
    'ImageEncoder',
    'L1VoteTTAModel',
    'LanguageAlignedHead',
    'LevelConcat',
    'MobiusBoxCoder',
    'PixelSegmentor',
    'PolygonDIoU3DLoss',
    'PolygonIoU3DLoss',
    'ObjectClassifier',
    'ObjectPartSegmentor',
    'ObjectPreprocessor',
    'SparseFCAF3DHead',
    'SparseResNet34',
    'SparseTR3DHead',
    'SparseTR3DNeck',
    'Swin3D',
    'Swin3DDecoder',
    'TextAnchorHead',
    'UnionHead',
    'TokenTransformer',
    'TwoStageVoxelDetector',
    'ViewVote',
    'VoxelDetector',
    'VoxelPreprocessor',
    'VoxelSegHead',
    'VoxelSegmentor',
]
