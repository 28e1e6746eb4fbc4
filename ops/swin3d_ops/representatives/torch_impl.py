"""Representatives by torch: sums over sorted members, in the order of their rows on every device."""

from __future__ import annotations

import torch

TIE_TOLERANCE = 1e-9


def nearest_rows(
    rows: torch.Tensor, order: torch.Tensor, number: torch.Tensor, bounds: torch.Tensor
) -> torch.Tensor:
    """Return the row of each group nearest to its mean, as :func:`~swin3d_ops.voxel_index.nearest_to_mean`.

    Args:
        rows: (N, F) floats.
        order: (N,) int64, rows sorted by group, in ascending order within one.
        number: (N,) integers, the group of each of ``order``.
        bounds: (M + 1,) int64, group m holds the places ``bounds[m]:bounds[m + 1]`` of ``order``.

    Returns:
        (M,) int64 rows, N for a group with values that are not finite.
    """
    rows, number = rows.detach().index_select(0, order).double(), number.long()
    total = torch.segment_reduce(rows, 'sum', offsets=bounds, axis=0, unsafe=True, initial=0)
    mean = total / bounds.diff()[:, None]
    squared = (rows - mean.index_select(0, number)).square().sum(1)
    least = squared.new_full((len(mean),), torch.inf).scatter_reduce_(0, number, squared, 'amin')
    tied = squared <= least.index_select(0, number) * (1 + 2 * TIE_TOLERANCE)
    row = torch.where(tied, order, len(order))
    chosen = torch.full((len(mean),), len(order), device=order.device)
    return chosen.scatter_reduce_(0, number, row, 'amin')


def find(rows, member, number, bounds, sizes) -> tuple[torch.Tensor, ...]:
    """Find the representatives of all levels; see the package for the arguments."""
    chosen, first, cell = [], 0, 0
    for count, cells in zip(sizes[:-1], sizes[1:]):
        own, of_level = slice(first, first + count), bounds[cell : cell + cells + 1] - first
        nearest = nearest_rows(rows, member[own] - first, number[own] - cell, of_level)
        rows = rows[nearest]
        chosen.append(chosen[-1][nearest] if chosen else nearest)
        first, cell = first + count, cell + cells
    return tuple(chosen)
