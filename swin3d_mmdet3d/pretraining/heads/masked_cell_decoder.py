"""The decoder of masked autoencoders over cells: features of all cells out of those of the visible ones."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmdet3d.registry import MODELS
from mmengine.model import BaseModule
from swin3d_ops.voxel_index import lookup
from torch import Tensor, nn

from ...models.layers import LayerNorm, NormLinear, WindowStage, init_linear_and_norm
from ...structures import FeatureLevel, SparseVoxels


@MODELS.register_module()
class MaskedCellDecoder(BaseModule):
    """Swin3D blocks over visible and hidden cells; a learned token stands at the hidden ones.

    Cells know their places by the relative encoding of their centres, which says nothing of where a voxel
    lies inside a cell: hidden cells tell no more than that they are occupied.

    Args:
        in_channels: Width of the visible cells' features, or of the levels that lie side by side in them.
        channels: Width of the decoder.
        num_heads: Attention heads.
        window_size: Edge of a window in cells.
        depth: Blocks; every second one has shifted windows.
        quant_size: Table bins per cell.
        init_cfg: Initialisation config of mmengine.

    Source: arXiv 2111.06377 (MAE), section 3; here in windows, with relative positions.
    """

    def __init__(
        self,
        in_channels: int | Sequence[int],
        channels: int,
        num_heads: int,
        window_size: int,
        depth: int = 2,
        quant_size: int = 1,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if depth < 1:
            raise ValueError(f'depth must be at least 1, got {depth}')
        width = in_channels if isinstance(in_channels, int) else sum(in_channels)
        self.embed = NormLinear(width, channels)
        self.stage = WindowStage(channels, num_heads, window_size, quant_size, ('xyz',), [0.0] * depth)
        self.norm = LayerNorm(channels)
        init_linear_and_norm(self)
        self.token = nn.Parameter(torch.empty(channels))
        nn.init.trunc_normal_(self.token, std=0.02)

    def forward(self, visible: FeatureLevel, cells: SparseVoxels) -> Tensor:
        """Decode.

        Args:
            visible: ``(M, C_in)`` features of the visible cells, and these cells.
            cells: All C cells, of the same stride; no signals are read.

        Returns:
            ``(C, channels)`` features of all cells.

        Raises:
            ValueError: If the strides differ, or a visible cell is not among ``cells``.
        """
        feats, shown = visible
        if shown.stride != cells.stride:
            raise ValueError(f'visible cells must have the stride {cells.stride}, got {shown.stride}')
        rows = lookup(cells.coords, shown.coords)
        if bool((rows < 0).any()):
            raise ValueError(f'visible cells must be among cells, {int((rows < 0).sum())} are not')
        feats = self.embed(feats)
        tokens = self.token.to(feats.dtype).expand(len(cells), -1).index_copy(0, rows, feats)
        return self.norm(self.stage(tokens, with_centers(cells)))


def with_centers(cells: SparseVoxels) -> SparseVoxels:
    """The cells with their centres as the only signal."""
    return cells.at_same_places(signals=dict(xyz=cell_centers(cells)))


def cell_centers(cells: SparseVoxels) -> Tensor:
    """``(C, 3)`` float32 centres of cells, in base voxels."""
    return cells.coords[:, 1:].float() + cells.stride / 2
