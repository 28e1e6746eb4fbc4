"""Data sets and transforms, registered in DATASETS and TRANSFORMS."""

from . import transforms
from .class_lists import S3DIS, S3DIS_BOXES, SCANNET, SCANNET_BOXES, STRUCTURED3D, ClassList
from .whole_scene_dataset import (
    IGNORE_INDEX,
    S3DISWholeSceneDataset,
    ScanNetWholeSceneDataset,
    Structured3DDataset,
    WholeSceneDataset,
)

__all__ = [
    'IGNORE_INDEX',
    'S3DIS',
    'S3DIS_BOXES',
    'SCANNET',
    'SCANNET_BOXES',
    'STRUCTURED3D',
    'ClassList',
    'S3DISWholeSceneDataset',
    'ScanNetWholeSceneDataset',
    'Structured3DDataset',
    'WholeSceneDataset',
    'transforms',
]
