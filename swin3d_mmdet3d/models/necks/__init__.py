"""Necks registered in MODELS."""

from .swin3d_decoder import Swin3DDecoder
from .tr3d_neck import SparseTR3DNeck

__all__ = ['SparseTR3DNeck', 'Swin3DDecoder']
