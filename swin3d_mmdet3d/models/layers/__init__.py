"""Building blocks shared by backbones, necks and heads."""

from .crse import AttentionWindows, attention_windows, check_signals
from .resample import CellDownsample, KNNDownsample, Upsample
from .sparse_conv import ConvBlock, ConvResidualBlock, SubMConv3d, to_sites
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
    'to_sites',
]
