"""Box heads registered in MODELS."""

from .cagroup3d_head import CAGroup3DHead
from .fcaf3d_head import SparseFCAF3DHead
from .tr3d_head import SparseTR3DHead

__all__ = ['CAGroup3DHead', 'SparseFCAF3DHead', 'SparseTR3DHead']
