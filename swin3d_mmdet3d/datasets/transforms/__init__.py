"""Transforms registered in TRANSFORMS."""

from .condition import SetCondition
from .frames.axis_views import AxisViews
from .frames.camera_rays import CameraRays, CropRays
from .frames.depth_erasing import EraseDepth
from .frames.frame_augmentation import (
    CopyFrames,
    CropFrames,
    FlipFrames,
    JitterFrameColors,
    ResizeFrames,
)
from .frames.frame_loading import (
    BackProjectFrames,
    DropFrames,
    KeepDepth,
    LoadRGBDFrames,
    MatchVisiblePixels,
)
from .frames.scene_frames import FindSceneFrames
from .frames.shown_points import KeepShownPoints
from .hidden_labels import HideLabels
from .loading import LoadColoredPoints, LoadNormals, LoadSceneAnnotations, MapSemanticLabels, ZeroNormals
from .objects.axis_view_rendering import RenderAxisViews
from .objects.object_packing import PackObjectInputs
from .points.axis_rotation import RandomAxisRotation
from .points.box_crop import BoxKeepingCrop
from .points.box_erasing import CentralBoxErasing, RandomBoxErasing
from .points.color_jitter import ColorJitter
from .points.colors import (
    ChromaticAutoContrast,
    ChromaticJitter,
    ChromaticTranslation,
    NormalizeColorSigned,
    RandomDropColor,
)
from .points.crops import RadiusCrop, SphereCrop
from .points.elastic_distortion import ElasticDistortion
from .points.grid_sample import GridSample
from .points.instance_paste import InstancePaste
from .points.mix3d import Mix3D
from .points.normal_estimation import EstimateNormals
from .points.point_dropout import RandomPointDropout
from .points.shifts import CenterShift, PositiveShift
from .points.surface_queries import RememberSurface, SurfaceQueries
from .points.unit_sphere import NormalizeUnitSphere, RandomAxisScaleShift
from .views.frame_views import FrameViews
from .views.moving_object import InsertMovingObject
from .views.multi_crop import MultiCrop
from .views.partial_frames import PartialFrames
from .views.sequence_views import SequenceViews
from .views.source_coords import SourceCoords
from .views.view_packing import MakeViews, PackFieldInputs, PackPretrainInputs

__all__ = [
    'AxisViews',
    'BackProjectFrames',
    'BoxKeepingCrop',
    'CameraRays',
    'CenterShift',
    'CentralBoxErasing',
    'ChromaticAutoContrast',
    'ChromaticJitter',
    'ChromaticTranslation',
    'ColorJitter',
    'CopyFrames',
    'CropFrames',
    'CropRays',
    'DropFrames',
    'ElasticDistortion',
    'EraseDepth',
    'EstimateNormals',
    'FindSceneFrames',
    'FlipFrames',
    'FrameViews',
    'GridSample',
    'HideLabels',
    'InsertMovingObject',
    'InstancePaste',
    'JitterFrameColors',
    'KeepDepth',
    'KeepShownPoints',
    'LoadColoredPoints',
    'LoadNormals',
    'LoadRGBDFrames',
    'LoadSceneAnnotations',
    'MakeViews',
    'MapSemanticLabels',
    'MatchVisiblePixels',
    'Mix3D',
    'MultiCrop',
    'NormalizeColorSigned',
    'NormalizeUnitSphere',
    'PackFieldInputs',
    'PackObjectInputs',
    'PackPretrainInputs',
    'PartialFrames',
    'PositiveShift',
    'RadiusCrop',
    'RandomAxisRotation',
    'RandomAxisScaleShift',
    'RandomBoxErasing',
    'RandomDropColor',
    'RandomPointDropout',
    'RememberSurface',
    'RenderAxisViews',
    'ResizeFrames',
    'SequenceViews',
    'SetCondition',
    'SourceCoords',
    'SphereCrop',
    'SurfaceQueries',
    'ZeroNormals',
]
