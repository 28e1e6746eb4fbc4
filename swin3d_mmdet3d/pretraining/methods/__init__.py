"""One file a method; methods import shared parts and never each other."""

from .mm_3dscene import MM3DScene
from .point_contrast import PointContrast
from .ppkt import PPKT
from .ppt import PPT

__all__ = ['PPKT', 'PPT', 'MM3DScene', 'PointContrast']
