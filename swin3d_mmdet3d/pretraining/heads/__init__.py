"""Heads: from features to the space of a loss."""

from .coarse_fine_folding import CoarseFineFolding
from .concept_head import ConceptHead
from .depth_head import DepthHead
from .distance_field import DistanceField
from .folding_head import FoldingHead
from .gated_fusion import GatedFusion
from .instance_adaptive_decoder import InstanceAdaptiveDecoder
from .masked_cell_decoder import MaskedCellDecoder
from .projection_head import ProjectionHead
from .prototype_head import PrototypeHead
from .reconstruction import ColorReconstruction, NormalReconstruction
from .sequence_network import SequenceNetwork
from .surface_renderer import SurfaceRenderer
from .token_decoder import TokenDecoder
from .visibility_pool import VisibilityPool
from .voxel_volume import VoxelVolume

__all__ = [
    'CoarseFineFolding',
    'ColorReconstruction',
    'ConceptHead',
    'DepthHead',
    'DistanceField',
    'FoldingHead',
    'GatedFusion',
    'InstanceAdaptiveDecoder',
    'MaskedCellDecoder',
    'NormalReconstruction',
    'ProjectionHead',
    'PrototypeHead',
    'SequenceNetwork',
    'SurfaceRenderer',
    'TokenDecoder',
    'VisibilityPool',
    'VoxelVolume',
]
