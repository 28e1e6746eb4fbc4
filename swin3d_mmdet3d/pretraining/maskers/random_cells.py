"""Random cells of each sample, hidden."""

from __future__ import annotations

import torch
from mmdet3d.registry import MODELS
from torch import Tensor, nn

from ...structures import CloudView
from .source_cells import check_cell_size, random_ranks, share_of_cells, source_cells


@MODELS.register_module()
class RandomCells(nn.Module):
    """Hide exactly ``int(ratio * cells)`` cells of each sample, drawn at random.

    Cells are those of the recording, before augmentation. Voxels that another scene brought in (``Mix3D``)
    stay visible.

    Args:
        cell_size: Edge of a cell in metres.
        ratio: Share of the cells to hide, in [0, 1); a cell at least stays visible.

    Source: Sonata (arXiv 2503.16429), masked views; there the share is of the cells of the batch.
    """

    def __init__(self, cell_size: float, ratio: float) -> None:
        super().__init__()
        if not 0 <= ratio < 1:
            raise ValueError(f'ratio must lie in [0, 1), got {ratio}')
        self.cell_size = check_cell_size(cell_size)
        self.ratio = ratio

    @torch.no_grad()
    def forward(self, view: CloudView) -> Tensor:
        """Mask ``(N,)`` bool of the view's voxels, True where one is hidden.

        Raises:
            ValueError: If the view does not know where its points lay (``SourceCoords``).
        """
        cell, sample = source_cells([view], self.cell_size)
        hidden = random_ranks(sample) < share_of_cells(sample, self.ratio)
        return torch.cat([hidden, hidden.new_zeros(1)])[cell]  # the last row is that of -1
