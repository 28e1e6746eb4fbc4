"""Cells of the recording, the units of masks: what lay together is hidden together in every view."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from swin3d_ops.voxel_index import unique_voxels
from torch import Tensor

from ...structures import CloudView


def check_cell_size(cell_size: float) -> float:
    """The size; ValueError unless it is a positive length."""
    if not cell_size > 0:
        raise ValueError(f'cell_size must be a positive length in metres, got {cell_size}')
    return cell_size


def source_cells(views: Sequence[CloudView], cell_size: float) -> tuple[Tensor, Tensor]:
    """Which cell of its sample each voxel lay in before augmentation: floor(source_xyz / cell_size).

    A voxel lies where its representative point did. The views of a sample share its cells.

    Args:
        views: Views of the same samples, with the field 'source_xyz'.
        cell_size: Edge of a cell in metres.

    Returns:
        ``(N,)`` int64, the cell of each voxel of all views joined, one of the C; -1 where the voxel is of
        another scene (``Mix3D``), which lay nowhere. ``(C,)`` int64, the sample of each cell, ascending.

    Raises:
        ValueError: If a view does not know where its points lay (``SourceCoords``).
    """
    place = torch.cat([view.at_voxels('source_xyz') for view in views])
    sample = torch.cat([view.voxels.coords[:, 0] for view in views]).long()
    known = place.isfinite().all(dim=1)
    index = (place[known].double() / cell_size).floor().long()
    cells, rows = unique_voxels(torch.cat([sample[known, None], index], dim=1))
    cell = sample.new_full((len(sample),), -1)
    cell[known] = rows
    return cell, cells[:, 0].contiguous()


def random_ranks(sample: Tensor) -> Tensor:
    """A random order within each sample: rank ``(C,)`` int64 of each row, from 0 in every sample.

    Args:
        sample: ``(C,)`` int64, ascending.
    """
    shuffled = torch.randperm(len(sample), device=sample.device)
    order = shuffled[torch.argsort(sample[shuffled], stable=True)]
    first = torch.searchsorted(sample, sample)
    ranks = torch.empty_like(order)
    ranks[order] = torch.arange(len(order), device=order.device)
    return ranks - first


def share_of_cells(sample: Tensor, ratio: float) -> Tensor:
    """``int(ratio * cells)`` of the sample of each cell: ``(C,)`` int64.

    Args:
        sample: ``(C,)`` int64, ascending.
        ratio: A share, in [0, 1].
    """
    counts = torch.bincount(sample)
    return (ratio * counts.double()).long()[sample]
