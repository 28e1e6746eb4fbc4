"""Building blocks shared by backbones, necks and heads."""

from .box_suppression import bev_nms, box_ious, multiclass_bev_nms
from .feature_levels import interpolate_at, prune, union_add
from .initialization import init_linear_and_norm
from .norms import BatchNorm, LayerNorm, NormLinear, SparseInstanceNorm
from .sparse_blocks import ConvNormAct, ResBlock, UpsampleNormAct, init_sparse_convs
from .sparse_conv import GenerativeUpsample, InverseConv, SparseConv3d, StridedConv, as_kernel, strided_map
from .stage_lists import check_stage_lists
from .window_attention import (
    AttentionWindows,
    Swin3DBlock,
    WindowAttention,
    WindowStage,
    attention_windows,
    check_signals,
)

__all__ = [
    'AttentionWindows',
    'BatchNorm',
    'ConvNormAct',
    'GenerativeUpsample',
    'InverseConv',
    'LayerNorm',
    'NormLinear',
    'ResBlock',
    'SparseConv3d',
    'SparseInstanceNorm',
    'StridedConv',
    'Swin3DBlock',
    'UpsampleNormAct',
    'WindowAttention',
    'WindowStage',
    'as_kernel',
    'attention_windows',
    'bev_nms',
    'box_ious',
    'check_signals',
    'check_stage_lists',
    'init_linear_and_norm',
    'init_sparse_convs',
    'interpolate_at',
    'multiclass_bev_nms',
    'prune',
    'strided_map',
    'union_add',
]
