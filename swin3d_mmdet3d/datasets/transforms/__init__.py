"""Transforms registered in TRANSFORMS."""

from .axis_rotation import RandomAxisRotation
from .box_crop import BoxKeepingCrop
from .colors import (
    ChromaticAutoContrast,
    ChromaticJitter,
    ChromaticTranslation,
    NormalizeColorSigned,
    RandomDropColor,
)
from .crops import NearestCrop, SphereCrop
from .elastic_distortion import ElasticDistortion
from .loading import LoadColoredPoints, LoadNormals, MapSemanticLabels
from .mix3d import Mix3D
from .point_dropout import RandomPointDropout
from .shifts import CenterShift, ShiftToOrigin
from .voxel_sampling import RandomPointPerVoxel

__all__ = [
    'BoxKeepingCrop',
    'CenterShift',
    'ChromaticAutoContrast',
    'ChromaticJitter',
    'ChromaticTranslation',
    'ElasticDistortion',
    'LoadColoredPoints',
    'LoadNormals',
    'MapSemanticLabels',
    'Mix3D',
    'NearestCrop',
    'NormalizeColorSigned',
    'RandomAxisRotation',
    'RandomDropColor',
    'RandomPointDropout',
    'RandomPointPerVoxel',
    'ShiftToOrigin',
    'SphereCrop',
]
