"""Building blocks shared by backbones, necks and heads."""

from .crse import AttentionWindows, attention_windows, check_signals
from .initialization import init_linear_and_norm
from .resample import CellDownsample, KNNDownsample, Upsample
from .sparse_conv import ConvBlock, ConvResidualBlock, SubMConv3d, to_sites
from .stage_lists import check_stage_lists
from .window_attention import Swin3DBlock, WindowAttention
from .window_stage import WindowStage

__all__ = [
    'AttentionWindows',
    'CellDownsample',
    'ConvBlock',
    'ConvResidualBlock',
    'KNNDownsample',
    'SubMConv3d',
    'Swin3DBlock',
    'Upsample',
    'WindowAttention',
    'WindowStage',
    'attention_windows',
    'check_signals',
    'check_stage_lists',
    'init_linear_and_norm',
    'to_sites',
]
