"""Networks of images."""

from .image_encoder import ImageEncoder

__all__ = ['ImageEncoder']
