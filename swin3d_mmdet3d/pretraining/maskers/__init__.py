"""Maskers: which voxels a network is not shown, and how they are hidden."""

from .cross_cells import CrossCells
from .hiding import hide_voxels
from .image_saliency import ActivationSaliency, AttentionSaliency
from .informative_voxels import InformativeVoxels
from .mixed_halves import MixedHalves
from .random_cells import RandomCells
from .random_voxels import RandomVoxels
from .salient_cells import SalientCells

__all__ = [
    'ActivationSaliency',
    'AttentionSaliency',
    'CrossCells',
    'InformativeVoxels',
    'MixedHalves',
    'RandomCells',
    'RandomVoxels',
    'SalientCells',
    'hide_voxels',
]
