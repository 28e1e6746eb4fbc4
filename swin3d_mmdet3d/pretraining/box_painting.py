"""Painting voxels with the boxes of a scene: which box holds a voxel, and of which class it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from mmdet3d.structures import BaseInstance3DBoxes, Det3DDataSample
from torch import Tensor
from torch.nn.functional import one_hot

from ..structures import SparseVoxels


@dataclass(frozen=True, eq=False)
class Paint:
    """What boxes say of the voxels of a batch.

    Attributes:
        box: ``(N,)`` int64, the box that holds each voxel, counted through the batch; -1 without one.
        classes: ``(R,)`` int64, the class of each of the R boxes.
    """

    box: Tensor
    classes: Tensor

    @property
    def rows(self) -> Tensor:
        """``(M,)`` int64, the painted voxels."""
        return (self.box >= 0).nonzero().flatten()

    def one_hot(self, num_classes: int) -> Tensor:
        """The class of each voxel as ``(N, K)`` of 0 and 1; all 0 of a voxel without one."""
        known = torch.cat([self.classes, self.classes.new_full((1,), num_classes)])  # the last is that of -1
        return one_hot(known[self.box], num_classes + 1)[:, :num_classes]


def paint(voxels: SparseVoxels, origin: Tensor, samples: Sequence[Det3DDataSample]) -> Paint:
    """Paint the voxels whose centre lies in a box; of several boxes the smallest counts.

    Args:
        voxels: N voxels of any stride.
        origin: ``(B, 3)`` metres, the place of coordinate (0, 0, 0) of each scene.
        samples: B samples with ``gt_instances_3d``; boxes whose label is below 0 are left out.
    """
    center = (voxels.coords[:, 1:] + voxels.stride / 2) * voxels.voxel_size
    center = center.to(origin) + origin[voxels.coords[:, 0].long()]
    found, classes, before = [], [], 0
    for places, sample in zip(center.split(voxels.counts), samples):
        labels = sample.gt_instances_3d.labels_3d
        boxes = sample.gt_instances_3d.bboxes_3d[labels >= 0]
        box = smallest_box(places, boxes)
        found.append(torch.where(box >= 0, box + before, -1))
        classes.append(labels[labels >= 0].to(origin.device))
        before += len(boxes)
    return Paint(torch.cat(found), torch.cat(classes).long())


def smallest_box(places: Tensor, boxes: BaseInstance3DBoxes) -> Tensor:
    """The smallest box ``(N,)`` int64 that holds each of ``(N, 3)`` places in metres; -1 without one.

    Faces at the lower ends of a box belong to it, those at the upper ends do not.
    """
    if not len(boxes):
        return torch.full((len(places),), -1, device=places.device)
    center, size, yaw = (part.to(places) for part in (boxes.gravity_center, boxes.dims, boxes.yaw))
    x, y, z = (places[:, None] - center).unbind(dim=2)  # (N, boxes)
    along = x * yaw.cos() + y * yaw.sin(), y * yaw.cos() - x * yaw.sin(), z
    offset = torch.stack(along, dim=2)
    inside = ((offset >= -size / 2) & (offset < size / 2)).all(dim=2)
    least, row = size.prod(dim=1).expand(len(places), -1).masked_fill(~inside, torch.inf).min(dim=1)
    return torch.where(least.isfinite(), row, -1)
