"""Box heads registered in MODELS."""

from .cagroup3d import CAGroup3DHead, CAGroup3DRoIHead
from .fcaf3d_head import SparseFCAF3DHead
from .tr3d_head import SparseTR3DHead

__all__ = ['CAGroup3DHead', 'CAGroup3DRoIHead', 'SparseFCAF3DHead', 'SparseTR3DHead']
