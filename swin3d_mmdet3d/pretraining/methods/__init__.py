"""One file a method; methods import shared parts and never each other."""

from .i2p_mae import I2PMAE
from .mm_3dscene import MM3DScene
from .point_contrast import PointContrast
from .ppkt import PPKT
from .ppt import PPT

__all__ = ['I2PMAE', 'PPKT', 'PPT', 'MM3DScene', 'PointContrast']
