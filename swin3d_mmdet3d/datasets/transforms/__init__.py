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
from .condition import SetCondition
from .crops import RadiusCrop, SphereCrop
from .elastic_distortion import ElasticDistortion
from .frame_augmentation import CropFrames, FlipFrames, JitterFrameColors, ResizeFrames
from .frames import BackProjectFrames, EstimateNormals, LoadRGBDFrames, MatchVisiblePixels
from .grid_sample import GridSample
from .loading import LoadColoredPoints, LoadNormals, LoadSceneAnnotations, MapSemanticLabels
from .mix3d import Mix3D
from .point_dropout import RandomPointDropout
from .shifts import CenterShift, PositiveShift
from .source_coords import SourceCoords
from .view_packing import MakeViews, PackFieldInputs, PackPretrainInputs

__all__ = [
    'BackProjectFrames',
    'BoxKeepingCrop',
    'CenterShift',
    'ChromaticAutoContrast',
    'ChromaticJitter',
    'ChromaticTranslation',
    'CropFrames',
    'ElasticDistortion',
    'EstimateNormals',
    'FlipFrames',
    'GridSample',
    'JitterFrameColors',
    'LoadColoredPoints',
    'LoadNormals',
    'LoadRGBDFrames',
    'LoadSceneAnnotations',
    'MakeViews',
    'MapSemanticLabels',
    'MatchVisiblePixels',
    'Mix3D',
    'NormalizeColorSigned',
    'PackFieldInputs',
    'PackPretrainInputs',
    'PositiveShift',
    'RadiusCrop',
    'RandomAxisRotation',
    'RandomDropColor',
    'RandomPointDropout',
    'ResizeFrames',
    'SetCondition',
    'SourceCoords',
    'SphereCrop',
]
