"""Maskers: which voxels a network is not shown, and how they are hidden."""

from .cross_cells import CrossCells
from .hiding import hide_voxels
from .informative_voxels import InformativeVoxels
from .random_cells import RandomCells
from .random_voxels import RandomVoxels

__all__ = ['CrossCells', 'InformativeVoxels', 'RandomCells', 'RandomVoxels', 'hide_voxels']
