"""One feature for each group of rows: the mean or the maximum of its rows."""

from __future__ import annotations

import torch
from torch import Tensor


def group_means(rows: Tensor, group: Tensor, num_groups: int) -> tuple[Tensor, Tensor]:
    """Means of the rows of each group.

    Args:
        rows: ``(N, C)``.
        group: ``(N,)`` int64, the group of each row.
        num_groups: Number of groups K.

    Returns:
        ``(K, C)``, 0 without rows, and ``(K,)`` bool, whether the group has any.
    """
    count = torch.bincount(group, minlength=num_groups)
    total = rows.new_zeros(num_groups, rows.shape[1]).index_add(0, group, rows)
    return total / count.clamp(min=1)[:, None], count > 0


def group_maxima(rows: Tensor, group: Tensor, num_groups: int) -> tuple[Tensor, Tensor]:
    """Maxima of the rows of each group, channel by channel; arguments and results as of :func:`group_means`.

    Rows that share a maximum share its gradient.
    """
    index = group[:, None].expand(-1, rows.shape[1])
    empty = rows.new_zeros(num_groups, rows.shape[1])
    pooled = empty.scatter_reduce(0, index, rows, 'amax', include_self=False)
    return pooled, torch.bincount(group, minlength=num_groups) > 0
