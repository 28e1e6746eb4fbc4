"""Necks registered in MODELS."""

from .level_concat import LevelConcat
from .swin3d_decoder import Swin3DDecoder
from .tr3d_neck import SparseTR3DNeck

__all__ = ['LevelConcat', 'SparseTR3DNeck', 'Swin3DDecoder']
