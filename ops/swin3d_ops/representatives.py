"""The row of each group that is nearest to the group's mean; nothing here checks or waits for a GPU."""

from __future__ import annotations

import torch

TIE_TOLERANCE = 1e-9


def nearest_rows(
    rows: torch.Tensor, order: torch.Tensor, number: torch.Tensor, bounds: torch.Tensor
) -> torch.Tensor:
    """Return the row of each group nearest to its mean, as :func:`~swin3d_ops.voxel_index.nearest_to_mean`.

    Sums run through a group in the order of its rows on every device, so that all choose the same rows.

    Args:
        rows: (N, F) floats.
        order: (N,) int64, rows sorted by group, in ascending order within one.
        number: (N,) int64, the group of each of ``order``.
        bounds: (M + 1,) int64, group m holds the places ``bounds[m]:bounds[m + 1]`` of ``order``.

    Returns:
        (M,) int64 rows, N for a group with values that are not finite.
    """
    rows = rows.detach().double()[order]
    total = torch.segment_reduce(rows, 'sum', offsets=bounds, axis=0, unsafe=True, initial=0)
    mean = total / bounds.diff()[:, None]
    squared = (rows - mean[number]).square().sum(1)
    least = squared.new_full((len(mean),), torch.inf).scatter_reduce_(0, number, squared, 'amin')
    tied = squared <= least[number] * (1 + 2 * TIE_TOLERANCE)
    row = torch.where(tied, order, len(order))
    chosen = torch.full((len(mean),), len(order), device=order.device)
    return chosen.scatter_reduce_(0, number, row, 'amin')
