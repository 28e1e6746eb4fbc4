"""Building blocks shared by backbones, necks and heads."""

from .box_suppression import bev_nms, box_ious, multiclass_bev_nms
from .conv_blocks import ConvBlock, ConvResidualBlock
from .crse import AttentionWindows, attention_windows, check_signals
from .initialization import init_linear_and_norm, init_site_convs
from .resample import CellDownsample, KNNDownsample, Upsample
from .row_batch_norm import RowBatchNorm
from .site_blocks import SiteConvBlock, SiteUpsampleBlock
from .site_conv import SiteConv3d, multiply_by_map
from .sparse_blocks import GenerativeUpsample, interpolate_at, prune, union_add
from .stage_lists import check_stage_lists
from .window_attention import Swin3DBlock, WindowAttention
from .window_stage import WindowStage

__all__ = [
    'AttentionWindows',
    'CellDownsample',
    'ConvBlock',
    'ConvResidualBlock',
    'GenerativeUpsample',
    'KNNDownsample',
    'RowBatchNorm',
    'SiteConv3d',
    'SiteConvBlock',
    'SiteUpsampleBlock',
    'Swin3DBlock',
    'Upsample',
    'WindowAttention',
    'WindowStage',
    'attention_windows',
    'bev_nms',
    'box_ious',
    'check_signals',
    'check_stage_lists',
    'init_linear_and_norm',
    'init_site_convs',
    'interpolate_at',
    'multiclass_bev_nms',
    'multiply_by_map',
    'prune',
    'union_add',
]
