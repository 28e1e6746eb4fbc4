"""Targets of voting: from each voxel of an object to the centre of the object's box."""

from __future__ import annotations

import torch
from swin3d_ops import knn
from torch import Tensor


def vote_targets(
    locations: Tensor, points: Tensor, semantic: Tensor, instance: Tensor, centers: Tensor, num_classes: int
) -> tuple[Tensor, Tensor]:
    """Offsets from the voxels of one scene to the centres of the boxes that they belong to.

    A voxel belongs to the instance of its nearest point. An instance belongs to the box whose centre is
    nearest to the middle of the instance's points.

    Args:
        locations: ``(N, 3)`` places of the voxels, metres.
        points: ``(P, 3)`` metres, P >= 1.
        semantic: ``(P,)`` int64; a point with a class below ``num_classes`` is part of an object.
        instance: ``(P,)`` int64.
        centers: ``(M, 3)`` centres of the boxes, metres.
        num_classes: Number of classes with boxes.

    Returns:
        Offsets ``(N, 3)`` in metres, 0 for voxels of no object, and ``(N,)`` bool: voxels of an object.

    Source: CAGroup3D (arXiv 2210.04264), section 3.2; github.com/Haiyang-W/CAGroup3D, cagroup_head.py.
    """
    targets = torch.zeros_like(locations)
    part = (semantic >= 0) & (semantic < num_classes)
    if len(centers) == 0 or not bool(part.any()):
        return targets, torch.zeros(len(locations), dtype=torch.bool, device=locations.device)
    ids, group = torch.unique(instance[part], return_inverse=True)
    middle = _middle_of_bounds(points[part], group, len(ids))
    center = centers[torch.cdist(middle, centers.to(middle)).argmin(dim=1)].to(locations)

    group_of_point = instance.new_full((len(points),), -1).masked_scatter_(part, group)
    bounds = [torch.tensor([0, len(rows)], device=locations.device) for rows in (locations, points)]
    nearest, _ = knn(locations, points.to(locations), 1, *bounds)
    group_of_voxel = group_of_point[nearest[:, 0]]
    member = group_of_voxel >= 0
    targets[member] = center[group_of_voxel[member]] - locations[member]
    return targets, member


def _middle_of_bounds(points: Tensor, group: Tensor, num_groups: int) -> Tensor:
    """Middle of the bounding box of each group of points: ``(G, 3)``."""
    rows = group[:, None].expand_as(points)
    empty = points.new_zeros(num_groups, 3)
    low = empty.scatter_reduce(0, rows, points, 'amin', include_self=False)
    high = empty.scatter_reduce(0, rows, points, 'amax', include_self=False)
    return (low + high) / 2
