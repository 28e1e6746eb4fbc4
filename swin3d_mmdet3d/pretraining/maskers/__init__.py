"""Maskers: which voxels a network is not shown, and how they are hidden."""

from .cross_cells import CrossCells
from .hiding import hide_voxels
from .random_cells import RandomCells

__all__ = ['CrossCells', 'RandomCells', 'hide_voxels']
