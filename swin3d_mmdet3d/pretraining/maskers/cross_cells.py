"""Cross masks: two views of a sample hide different cells."""

from __future__ import annotations

import torch
from mmdet3d.registry import MODELS
from torch import Tensor, nn

from ...structures import CloudView
from .source_cells import check_cell_size, random_ranks, share_of_cells, source_cells


@MODELS.register_module()
class CrossCells(nn.Module):
    """Two disjoint random sets of cells, one hidden in each view of a sample.

    Cells are those of the recording, before augmentation: of the C cells in which either view has a voxel,
    ``int(ratio * C)`` are hidden in the first view and as many others in the second, counted for each sample.
    What one view hides, the other shows where it reaches there. Voxels that another scene brought in
    (``Mix3D``) stay visible.

    Args:
        cell_size: Edge of a cell in metres.
        ratio: Share of the cells that each view hides, in [0, 0.5].

    Source: MSC (arXiv 2303.14191), generate_cross_masks of MSC-v1m1 in github.com/Pointcept/Pointcept; there
        the share is of the cells of the batch.
    """

    def __init__(self, cell_size: float = 0.1, ratio: float = 0.4) -> None:
        super().__init__()
        if not 0 <= ratio <= 0.5:
            raise ValueError(f'ratio must lie in [0, 0.5], two disjoint shares, got {ratio}')
        self.cell_size = check_cell_size(cell_size)
        self.ratio = ratio

    @torch.no_grad()
    def forward(self, first: CloudView, second: CloudView) -> tuple[Tensor, Tensor]:
        """Masks ``(N,)`` and ``(M,)`` bool of the voxels of both views, True where one is hidden.

        Raises:
            ValueError: If a view does not know where its points lay (``SourceCoords``).
        """
        cell, sample = source_cells([first, second], self.cell_size)
        rank, count = random_ranks(sample), share_of_cells(sample, self.ratio)
        owner = torch.where(rank < count, 1, torch.where(rank < 2 * count, 2, 0))
        owner = torch.cat([owner, owner.new_zeros(1)])[cell]  # the last row is that of -1
        in_first, in_second = owner.split([len(first.voxels), len(second.voxels)])
        return in_first == 1, in_second == 2
