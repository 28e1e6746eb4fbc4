"""Heads: from features to the space of a loss."""

from .folding_head import FoldingHead
from .masked_cell_decoder import MaskedCellDecoder
from .pixel_projection import PixelProjection
from .projection_head import ProjectionHead
from .token_decoder import TokenDecoder

__all__ = ['FoldingHead', 'MaskedCellDecoder', 'PixelProjection', 'ProjectionHead', 'TokenDecoder']
