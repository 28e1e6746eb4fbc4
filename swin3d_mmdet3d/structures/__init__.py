"""Data structures that the rooms above pass to each other."""

from .prompt import Prompt
from .prompted_inputs import find_prompt, with_prompt
from .sparse_voxels import SIGNAL_CHANNELS, FeatureLevel, SparseVoxels

__all__ = ['SIGNAL_CHANNELS', 'FeatureLevel', 'Prompt', 'SparseVoxels', 'find_prompt', 'with_prompt']
