"""The blocks of one resolution, alternating between regular and shifted windows."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from swin3d_mmdet3d.structures import SparseVoxels

from .crse import attention_windows
from .window_attention import Swin3DBlock


class WindowStage(nn.Module):
    """Swin3D blocks at one resolution; even blocks see regular windows, odd ones windows shifted by half.

    Both partitions are made once and shared by the blocks. There is no cyclic roll and no mask: shifted
    windows of sparse voxels are simply other windows.

    Args:
        channels: C, the width of the features.
        num_heads: H.
        window_size: Edge of a window in cells.
        quant_size: Table bins per cell.
        signals: Signals encoded in the attention.
        drop_paths: Stochastic depth of each block; its length is the number of blocks.

    Source: arXiv 2304.06906, section 3.3; BasicLayer of Swin3D/modules/swin3d_layers.py.
    """

    def __init__(
        self,
        channels: int,
        num_heads: int,
        window_size: int,
        quant_size: int,
        signals: Sequence[str],
        drop_paths: Sequence[float],
    ) -> None:
        super().__init__()
        self.window_size = window_size
        self.quant_size = quant_size
        self.signals = tuple(signals)
        self.blocks = nn.ModuleList(
            Swin3DBlock(channels, num_heads, window_size, quant_size, signals, drop_path)
            for drop_path in drop_paths
        )

    def forward(self, feats: Tensor, voxels: SparseVoxels) -> Tensor:
        """Run the blocks: ``(N, C) -> (N, C)``."""
        shifts = [0, self.window_size // 2][: len(self.blocks)]
        windows = [
            attention_windows(voxels, self.window_size, shift, self.quant_size, self.signals)
            for shift in shifts
        ]
        for i, block in enumerate(self.blocks):
            feats = block(feats, voxels, windows[i % 2])
        return feats
