"""Means over the rows of all processes, where each knows the mean, or the sum, of its own rows.

Distributed training averages gradients over W processes. With the mean m_r of n_r rows in process r,
``(1 / W) sum_r f_r m_r`` is the mean over all rows for ``f_r = W n_r / sum_s n_s``, as of a training on the
joined batch. A mean of the processes' means would weigh a row by how few others are beside it.

The numbers of rows are exchanged: in a distributed run all processes must call these functions equally often
and in the same order, those without rows, too.
"""

from __future__ import annotations

import torch
from mmengine.dist import all_reduce, get_world_size
from torch import Tensor


def process_weight(count: int | Tensor, like: Tensor) -> Tensor | float:
    """The factor f_r of this process's mean over ``count`` rows; 1.0 in a run of one process.

    Args:
        count: Number of rows n_r that the mean is taken over, 0 or more.
        like: Any tensor of the device and type that the factor shall have.

    Returns:
        A scalar; 1 where no process has a row.
    """
    if get_world_size() == 1:
        return 1.0
    own = torch.as_tensor(count, dtype=torch.float64, device=like.device)
    average = _average(own)
    return torch.where(average > 0, own / average, torch.ones_like(own)).to(like.dtype)


def global_mean(mean: Tensor, count: int | Tensor) -> Tensor:
    """The part of this process in the mean over all rows: the mean over its ``count`` rows, weighted.

    Args:
        mean: A scalar, finite; 0 with a graph where there are no rows.
        count: Number of rows that it is the mean of.
    """
    return mean if get_world_size() == 1 else mean * process_weight(count, mean)


def global_mean_of_sum(total: Tensor, count: int | Tensor) -> Tensor:
    """The part of this process in the mean over all rows: its sum over their average number.

    Where no process has a row, the sum is divided by 1 in all.

    Args:
        total: A scalar, the sum over this process's rows.
        count: Number of rows that belong to the mean, which need not be those of the sum: losses of all sites
            are given per site that learns.
    """
    if get_world_size() == 1:
        return total / (count.clamp(min=1) if isinstance(count, Tensor) else max(count, 1))
    average = _average(torch.as_tensor(count, dtype=torch.float64, device=total.device))
    return total / average.clamp(min=1 / get_world_size()).to(total.dtype)


def global_count(count: int, like: Tensor) -> int:
    """The number of rows of all processes."""
    total = torch.tensor(count, device=like.device)
    all_reduce(total)
    return int(total)


def _average(count: Tensor) -> Tensor:
    """The mean over processes of a number; the argument stays as it is."""
    average = count.clone()
    all_reduce(average, 'mean')
    return average
