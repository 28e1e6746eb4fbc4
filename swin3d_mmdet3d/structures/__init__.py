"""Data structures that the rooms above pass to each other."""

from .prompt import Prompt
from .prompted_inputs import find_prompt, with_prompt
from .scene_levels import SceneLevels, voxel_locations
from .sparse_voxels import SIGNAL_CHANNELS, FeatureLevel, SparseVoxels

__all__ = [
    'SIGNAL_CHANNELS',
    'FeatureLevel',
    'Prompt',
    'SceneLevels',
    'SparseVoxels',
    'find_prompt',
    'voxel_locations',
    'with_prompt',
]
