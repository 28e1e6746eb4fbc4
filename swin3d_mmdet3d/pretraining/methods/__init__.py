"""One file a method; methods import shared parts and never each other."""

from .act import ACT
from .act_autoencoder import ACTAutoencoder
from .c2p import C2P
from .concept_alignment import ConceptAlignment
from .dpco import DPCo
from .fixmatch import FixMatch
from .four_d_contrast import FourDContrast
from .i2p_mae import I2PMAE
from .i2p_mae_object import I2PMAEObject
from .iae import IAE
from .masked_scene_contrast import MaskedSceneContrast
from .md import MD
from .mm_3dscene import MM3DScene
from .mvdecor import MvDeCor
from .point_contrast import PointContrast
from .ponder import Ponder
from .ppkt import PPKT
from .ppt import PPT
from .pri3d import Pri3D
from .simipu import SimIPU
from .sl3d import SL3D
from .sonata import Sonata

__all__ = [
    'ACT',
    'ACTAutoencoder',
    'C2P',
    'ConceptAlignment',
    'FixMatch',
    'DPCo',
    'FourDContrast',
    'I2PMAE',
    'I2PMAEObject',
    'IAE',
    'MaskedSceneContrast',
    'MD',
    'MM3DScene',
    'MvDeCor',
    'Ponder',
    'PointContrast',
    'PPKT',
    'PPT',
    'Pri3D',
    'SL3D',
    'SimIPU',
    'Sonata',
]
