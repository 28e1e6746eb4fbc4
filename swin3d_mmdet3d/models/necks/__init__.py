"""Necks registered in MODELS."""

from .swin3d_decoder import Swin3DDecoder

__all__ = ['Swin3DDecoder']
