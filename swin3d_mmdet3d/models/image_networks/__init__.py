"""Networks of images, and what reads and classifies their pixels."""

from .image_encoder import ImageEncoder
from .pixel_projection import PixelProjection, sample_pixels
from .pixel_segmentor import PixelSegmentor
from .view_vote import ViewVote

__all__ = ['ImageEncoder', 'PixelProjection', 'PixelSegmentor', 'ViewVote', 'sample_pixels']
