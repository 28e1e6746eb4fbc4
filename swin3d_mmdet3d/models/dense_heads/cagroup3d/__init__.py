"""CAGroup3D (arXiv 2210.04264): class-aware grouping of votes, and the stage that refines its boxes."""

from .head import CAGroup3DHead
from .roi_head import CAGroup3DRoIHead

__all__ = ['CAGroup3DHead', 'CAGroup3DRoIHead']
