"""Farthest point sampling and grouping of point clouds into levels of tokens, in plain PyTorch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from swin3d_ops import knn
from torch import Tensor

from ...structures import PointTokens


@torch.no_grad()
def farthest_points(xyz: Tensor, count: int) -> Tensor:
    """Rows ``(B, count)`` int64 of points that lie far from each other, the first row first.

    Each next one is the farthest from all chosen before it, the lower row where two are equally far. A cloud
    of fewer different points than ``count`` has its first one again.

    Args:
        xyz: ``(B, P, 3)`` finite positions, P >= 1.
        count: How many points.

    Source: arXiv 1706.02413 (PointNet++), section 3.2.
    """
    clouds = torch.arange(len(xyz), device=xyz.device)
    chosen = torch.zeros(len(xyz), count, dtype=torch.int64, device=xyz.device)
    distance = torch.full(xyz.shape[:2], torch.inf, dtype=xyz.dtype, device=xyz.device)
    for step in range(1, count):
        last = xyz[clouds, chosen[:, step - 1]]
        distance = torch.minimum(distance, (xyz - last[:, None]).square().sum(dim=2))
        chosen[:, step] = distance.argmax(dim=1)
    return chosen


@torch.no_grad()
def nearest_rows(query: Tensor, source: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The k nearest sources of each query of the same cloud.

    Args:
        query: ``(B, M, 3)``.
        source: ``(B, N, 3)``; with fewer than k the last neighbour is repeated.
        k: Neighbours.

    Returns:
        ``(B, M, k)`` int64 rows within the cloud and ``(B, M, k)`` distances, ascending.
    """
    clouds, rows, others = len(query), query.shape[1], source.shape[1]
    numbers = torch.arange(clouds + 1, device=query.device)
    index, distance = knn(query.reshape(-1, 3), source.reshape(-1, 3), k, numbers * rows, numbers * others)
    index = index.view(clouds, rows, k) - (numbers[:-1] * others)[:, None, None]
    return index, distance.view(clouds, rows, k)


def gather_rows(values: Tensor, index: Tensor) -> Tensor:
    """Rows ``(B, ..., C)`` of ``(B, N, C)`` values at ``(B, ...)`` int64 rows within each item."""
    clouds = torch.arange(len(values), device=values.device)
    return values[clouds.view(-1, *[1] * (index.ndim - 1)), index]


def tokenize(
    points: Tensor, num_tokens: Sequence[int], group_sizes: Sequence[int]
) -> tuple[PointTokens, ...]:
    """Levels of tokens, fine to coarse: the centres of a level are farthest points of the level below.

    Args:
        points: ``(B, P, 3)`` finite float32 or float64 positions, P >= 1.
        num_tokens: Centres of each level.
        group_sizes: Neighbours, on the level below, that make a token's group; its centre is one of them.

    Source: arXiv 2205.14401 (Point-M2AE), section 3.1.
    """
    levels, below = [], points
    rows = torch.arange(points.shape[1], device=points.device).expand(points.shape[:2])
    for count, size in zip(num_tokens, group_sizes):
        chosen = farthest_points(below, count)
        rows = gather_rows(rows[..., None], chosen)[..., 0]
        xyz = gather_rows(below, chosen)
        index, _ = nearest_rows(xyz, below, size)
        groups = gather_rows(below, index) - xyz[:, :, None]
        levels.append(PointTokens(xyz, groups, index, rows))
        below = xyz
    return tuple(levels)
