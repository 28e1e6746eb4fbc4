"""Window self-attention with contextual relative signal encoding, and the transformer block around it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmcv.cnn.bricks import DropPath
from swin3d_ops import window_attention
from torch import Tensor, nn

from swin3d_mmdet3d.structures import SparseVoxels

from .crse import TABLE_NAMES, AttentionWindows, check_signals, table_rows
from .gelu_linear import GELULinear
from .norms import LayerNorm


class WindowAttention(nn.Module):
    """Multi-head self-attention among the voxels of a window.

    Each signal has one query, key and value table of shape ``(3, rows, H, D)``, one row set per axis.

    Args:
        channels: C, the width of the features.
        num_heads: H; must divide ``channels``.
        window_size: Edge of a window in cells.
        quant_size: Table bins per cell.
        signals: Signals encoded in the attention; 'xyz' and any of 'rgb', 'normal'.

    Source: arXiv 2304.06906, section 3.2. As in the original code (not the paper's formula) the key
        table's term is not scaled by ``D ** -0.5``.
    """

    def __init__(
        self,
        channels: int,
        num_heads: int,
        window_size: int,
        quant_size: int = 4,
        signals: Sequence[str] = ('xyz', 'rgb'),
    ) -> None:
        super().__init__()
        if channels % num_heads:
            raise ValueError(f'channels must be divisible by num_heads, got {channels} and {num_heads}')
        self.num_heads = num_heads
        self.signals = check_signals(signals)
        rows = [table_rows(name, window_size, quant_size) for name in self.signals]
        self.table_rows = [r for r in rows for _ in range(3)]
        head_width = channels // num_heads
        for name, num_rows in zip(self.signals, rows):
            for role in ('query', 'key', 'value'):
                table = nn.Parameter(torch.empty(3, num_rows, num_heads, head_width))
                nn.init.trunc_normal_(table, std=0.02)
                self.register_parameter(f'{role}_{TABLE_NAMES[name]}_table', table)
        self.qkv = nn.Linear(channels, 3 * channels)
        self.proj = nn.Linear(channels, channels)

    def forward(self, feats: Tensor, windows: AttentionWindows) -> Tensor:
        """Attend within windows: ``(N, C) -> (N, C)``."""
        qkv = self.qkv(feats).view(len(feats), 3, self.num_heads, -1)
        q, k, v = qkv.unbind(1)  # each (N, H, D)
        out = window_attention(
            q,
            k,
            v,
            *(self._table(role) for role in ('query', 'key', 'value')),
            windows.signals,
            self.table_rows,
            windows.index,
        )
        return self.proj(out.flatten(1))

    def _table(self, role: str) -> Tensor:
        """Rows of all signals, axis after axis: ``(R, H, D)``."""
        tables = [getattr(self, f'{role}_{TABLE_NAMES[name]}_table') for name in self.signals]
        return torch.cat([table.flatten(0, 1) for table in tables])


class FeedForward(nn.Module):
    """Two linear layers with an exact GELU between them: ``(N, C) -> (N, C)``."""

    def __init__(self, channels: int, ratio: float = 4.0) -> None:
        super().__init__()
        self.fc1 = nn.Linear(channels, int(channels * ratio))
        self.fc2 = nn.Linear(int(channels * ratio), channels)

    def forward(self, feats: Tensor) -> Tensor:
        """Transform each voxel on its own."""
        return GELULinear.apply(self.fc1(feats), self.fc2.weight, self.fc2.bias)


class Swin3DBlock(nn.Module):
    """Pre-norm transformer block: ``x + Attention(LN(x))``, then ``x + FeedForward(LN(x))``.

    Args:
        channels: C, the width of the features.
        num_heads: H.
        window_size: Edge of a window in cells.
        quant_size: Table bins per cell.
        signals: Signals encoded in the attention.
        drop_path: Probability of stochastic depth. As in the original it drops voxel by voxel, because
            voxels are the leading axis, not sample by sample.
    """

    def __init__(
        self,
        channels: int,
        num_heads: int,
        window_size: int,
        quant_size: int = 4,
        signals: Sequence[str] = ('xyz', 'rgb'),
        drop_path: float = 0.0,
    ) -> None:
        super().__init__()
        self.norm1 = LayerNorm(channels)
        self.attn = WindowAttention(channels, num_heads, window_size, quant_size, signals)
        self.norm2 = LayerNorm(channels)
        self.mlp = FeedForward(channels)
        self.drop_path = DropPath(drop_path)

    def forward(self, feats: Tensor, voxels: SparseVoxels, windows: AttentionWindows) -> Tensor:
        """Refine ``(N, C)`` features of ``voxels`` within their ``windows``."""
        feats = feats + self.drop_path(self.attn(self.norm1(feats, voxels), windows))
        return feats + self.drop_path(self.mlp(self.norm2(feats, voxels)))
