"""Data structures that the rooms above pass to each other."""

from .cloud_view import FIELD_KINDS, CloudView, Ragged
from .feature_volume import FeatureVolume
from .joined_batches import joined, split_level
from .levels import Levels
from .multi_scale_features import MultiScaleFeatures, voxel_locations
from .pixel_matches import PixelMatches
from .point_tokens import PointTokens, TokenFeatures
from .prompt import Prompt
from .prompted_inputs import with_prompt
from .row_bounds import bounds_of_items, items_of_rows
from .sparse_voxels import SIGNAL_CHANNELS, FeatureLevel, SparseVoxels, coarse_rows, find_windows
from .voxel_batch import VoxelBatch

__all__ = [
    'FIELD_KINDS',
    'SIGNAL_CHANNELS',
    'CloudView',
    'FeatureLevel',
    'FeatureVolume',
    'Levels',
    'PixelMatches',
    'PointTokens',
    'Prompt',
    'Ragged',
    'MultiScaleFeatures',
    'SparseVoxels',
    'TokenFeatures',
    'VoxelBatch',
    'bounds_of_items',
    'coarse_rows',
    'find_windows',
    'items_of_rows',
    'joined',
    'split_level',
    'voxel_locations',
    'with_prompt',
]
