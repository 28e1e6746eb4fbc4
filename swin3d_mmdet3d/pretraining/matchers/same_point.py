"""Voxels of two views that hold one point of the recording."""

from __future__ import annotations

import torch
from torch import Tensor

from ...structures import CloudView


def voxels_of_same_points(first: CloudView, second: CloudView) -> Tensor:
    """The voxel of the first view in which each point lies that represents a voxel of the second.

    Exact, by ``point_ids``: no neighbour is searched, and the views may differ in their points, their order
    and their voxels.

    Args:
        first, second: Views of the same samples, of N and M voxels.

    Returns:
        ``(M,)`` int64 rows of the first view's voxels; -1 where it lacks the point, or the point is of
        another scene (``point_ids`` below 0).

    Raises:
        ValueError: If a view does not know its points (``SourceCoords``).
    """
    (key, known), (wanted, of_recording) = _keys(first), _keys(second)
    wanted, of_recording = wanted[second.representative], of_recording[second.representative]
    rows = known.nonzero().flatten()
    rows = rows[torch.argsort(key[rows])]
    if not len(rows):
        return torch.full_like(wanted, -1)
    place = torch.searchsorted(key[rows], wanted).clamp_(max=len(rows) - 1)
    found = of_recording & (key[rows[place]] == wanted)
    return torch.where(found, torch.cat(first.point2voxel)[rows[place]], -1)


def _keys(view: CloudView) -> tuple[Tensor, Tensor]:
    """A number for each point ``(P,)`` int64, equal where sample and id are, and which points have an id."""
    view.at_voxels('point_ids')  # tells how to give points their ids
    ids = view.per_point['point_ids']
    counts = torch.tensor([len(points) for points in view.points], device=ids.device)
    sample = torch.repeat_interleave(torch.arange(len(counts), device=ids.device), counts)
    return (sample << 40) + ids, ids >= 0
