"""Data sets and transforms, registered in DATASETS and TRANSFORMS."""

from . import transforms
from .class_balanced_dataset import PresentClassBalancedDataset
from .class_choice import ClassChoice, choose_classes
from .class_lists import S3DIS, S3DIS_BOXES, SCANNET, SCANNET_BOXES, STRUCTURED3D, ClassList
from .few_shot_objects import FewShotObjectDataset
from .frame_pairs import RGBDPairDataset
from .indoor_det_dataset import (
    CustomDetDataset,
    IndoorDetDataset,
    S3DISDetDataset,
    ScanNetDetDataset,
    SUNRGBDDetDataset,
)
from .object_clouds import ObjectCloudDataset
from .rgbd_frames import RGBDFrameDataset, RGBDSceneDataset
from .room_objects import RoomObjectDataset
from .samplers import MixedSourceBatchSampler, SingleSourceBatchSampler
from .scannet200 import SCANNET200, SCANNET200_GROUPS
from .whole_scene_dataset import (
    IGNORE_INDEX,
    CustomSegDataset,
    S3DISWholeSceneDataset,
    ScanNet200WholeSceneDataset,
    ScanNetWholeSceneDataset,
    Structured3DDataset,
    WholeSceneDataset,
)

__all__ = [
    'IGNORE_INDEX',
    'S3DIS',
    'S3DIS_BOXES',
    'SCANNET',
    'SCANNET200',
    'SCANNET200_GROUPS',
    'SCANNET_BOXES',
    'STRUCTURED3D',
    'ClassChoice',
    'ClassList',
    'CustomDetDataset',
    'CustomSegDataset',
    'FewShotObjectDataset',
    'IndoorDetDataset',
    'MixedSourceBatchSampler',
    'ObjectCloudDataset',
    'PresentClassBalancedDataset',
    'RGBDFrameDataset',
    'RGBDPairDataset',
    'RGBDSceneDataset',
    'RoomObjectDataset',
    'S3DISDetDataset',
    'SUNRGBDDetDataset',
    'S3DISWholeSceneDataset',
    'ScanNet200WholeSceneDataset',
    'ScanNetDetDataset',
    'ScanNetWholeSceneDataset',
    'SingleSourceBatchSampler',
    'Structured3DDataset',
    'WholeSceneDataset',
    'choose_classes',
    'transforms',
]
