"""Heads: from features to the space of a loss."""

from .pixel_projection import PixelProjection
from .projection_head import ProjectionHead

__all__ = ['PixelProjection', 'ProjectionHead']
