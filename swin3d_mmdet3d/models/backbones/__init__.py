"""Backbones registered in MODELS."""

from .swin3d import Swin3D

__all__ = ['Swin3D']
