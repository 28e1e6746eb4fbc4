"""Chamfer distance of point sets: how far each point is from the nearest one of the other set."""

from __future__ import annotations

import torch
from mmdet3d.registry import MODELS
from swin3d_ops import knn
from torch import Tensor, nn

from ...structures import items_of_rows


@MODELS.register_module()
class ChamferLoss(nn.Module):
    r"""Chamfer distance of the sets A and B of each batch item, averaged over the items.

    With d_a the distance of a point of A to the nearest one of B, and d_b the other way,

        (mean_a d_a + mean_b d_b) / 2            in the unit of the points, or
        mean_a d_a^2 + mean_b d_b^2              with ``squared``.

    The nearest points are searched without a graph and their distances then taken with one: no N x M matrix
    is ever made. Computed in float32 at least, whatever autocast says. An item of which one set is empty has
    no distance and does not count; without any item left the loss is 0 and its gradient, 0, reaches all that
    made the points. Where two points coincide, the gradient of their distance is taken as 0.

    Args:
        squared: The sum of mean squared distances instead of half the sum of mean distances.
        loss_weight: Factor.

    Source: the Chamfer distance of arXiv 1612.00603, with means for sums; both forms as ``calc_cd`` of
        github.com/MingyeXu/mm-3dscene.
    """

    def __init__(self, squared: bool = False, loss_weight: float = 1.0) -> None:
        super().__init__()
        self.squared = squared
        self.loss_weight = loss_weight

    def forward(self, first: Tensor, first_ptr: Tensor, second: Tensor, second_ptr: Tensor) -> Tensor:
        """The loss of ``(N, 3)`` and ``(M, 3)`` points, grouped by batch item.

        Args:
            first: ``(N, 3)`` float, finite.
            first_ptr: ``(B + 1,)`` int64, item b holds the rows ``first_ptr[b]:first_ptr[b + 1]``.
            second: ``(M, 3)`` likewise, in the same unit.
            second_ptr: ``(B + 1,)`` int64.

        Raises:
            ValueError: If the points are not ``(N, 3)`` and finite, or the bounds do not fit them or each
                other.
        """
        for name, points in (('first', first), ('second', second)):
            if points.ndim != 2 or points.shape[1] != 3:
                raise ValueError(f'{name} must be (N, 3) points, got {tuple(points.shape)}')
        _check_bounds('first_ptr', first_ptr, len(first), len(second_ptr))
        _check_bounds('second_ptr', second_ptr, len(second), len(first_ptr))
        with torch.autocast(first.device.type, enabled=False):
            dtype = torch.promote_types(torch.promote_types(first.dtype, second.dtype), torch.float32)
            first, second = first.to(dtype), second.to(dtype)
            both = (first_ptr.diff() > 0) & (second_ptr.diff() > 0)
            if not bool(both.any()):
                return first.sum() * 0 + second.sum() * 0
            first, first_ptr = _items(first, first_ptr, both)
            second, second_ptr = _items(second, second_ptr, both)
            there = self._mean_distance(first, first_ptr, second, second_ptr)
            back = self._mean_distance(second, second_ptr, first, first_ptr)
            loss = there + back if self.squared else (there + back) / 2
        return self.loss_weight * loss.mean()

    def _mean_distance(self, query: Tensor, query_ptr: Tensor, source: Tensor, source_ptr: Tensor) -> Tensor:
        """Mean distance ``(B,)`` of each item's queries to the nearest of its sources, or its square."""
        with torch.no_grad():
            index, _ = knn(query, source, 1, query_ptr, source_ptr)
        offset = query - source[index[:, 0]]
        if self.squared:
            distance = offset.square().sum(dim=1)
        else:
            distance = torch.linalg.vector_norm(offset, dim=1)
        item = items_of_rows(query_ptr, len(query))
        total = distance.new_zeros(len(query_ptr) - 1).index_add(0, item, distance)
        return total / query_ptr.diff()


def _check_bounds(name: str, ptr: Tensor, num_rows: int, length: int) -> None:
    """Raise unless ``ptr`` ascends from 0 to the number of rows and has the length of the other one."""
    fits = ptr.ndim == 1 and len(ptr) == length > 1
    if not fits or int(ptr[0]) != 0 or int(ptr[-1]) != num_rows or bool((ptr.diff() < 0).any()):
        raise ValueError(
            f'{name} must be {length} bounds that ascend from 0 to {num_rows}, got {ptr.tolist()}'
        )


def _items(points: Tensor, ptr: Tensor, kept: Tensor) -> tuple[Tensor, Tensor]:
    """Points and bounds of the batch items that ``kept`` ``(B,)`` names alone."""
    if bool(kept.all()):
        return points, ptr
    counts = ptr.diff()[kept]
    rows = kept[items_of_rows(ptr, len(points))]
    return points[rows], torch.cat([counts.new_zeros(1), counts.cumsum(0)])
