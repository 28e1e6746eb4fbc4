"""Heads: from features to the space of a loss."""

from .folding_head import FoldingHead
from .masked_cell_decoder import MaskedCellDecoder
from .pixel_projection import PixelProjection
from .projection_head import ProjectionHead
from .reconstruction import ColorReconstruction, NormalReconstruction
from .token_decoder import TokenDecoder

__all__ = [
    'ColorReconstruction',
    'FoldingHead',
    'MaskedCellDecoder',
    'NormalReconstruction',
    'PixelProjection',
    'ProjectionHead',
    'TokenDecoder',
]
