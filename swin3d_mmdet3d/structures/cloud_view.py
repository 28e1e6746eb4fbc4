"""Views of a batch: voxels of clouds with fields by kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor

from .pixel_matches import PixelMatches
from .row_bounds import items_of_rows
from .voxel_batch import VoxelBatch

FIELD_KINDS = ('per_point', 'per_image', 'per_match', 'ragged')
"""Kinds of a view's fields: what their rows belong to; rows of a ragged field belong to the sample alone."""


@dataclass(frozen=True, eq=False)
class Ragged:
    """Rows of which each sample has a number of its own: rays, queries, boxes.

    Attributes:
        values: ``(Q, ...)``, the rows of all samples, grouped by sample.
        ptr: ``(B + 1,)`` int64: rows of sample b are ``ptr[b]:ptr[b + 1]``.
    """

    values: Tensor
    ptr: Tensor

    def __len__(self) -> int:
        return len(self.values)

    @property
    def sample(self) -> Tensor:
        """``(Q,)`` int64, the sample of each row."""
        return items_of_rows(self.ptr, len(self.values))


@dataclass(frozen=True, eq=False)
class CloudView(VoxelBatch):
    """One view of every sample of a batch.

    Attributes:
        points: Per sample ``(P, 6)`` or ``(P, 9)``, as the pipeline made them.
        per_point: Name -> ``(P, ...)``, a row for each point of all samples joined, such as 'point_ids'
            (int64, which point of the recording it is, below 0 for those of another scene), 'source_xyz'
            (where it lay before augmentation, metres; nan for those) or 'pts_semantic_mask'.
        per_image: Name -> ``(I, ...)``, a row for each image of all samples, such as 'images'
            ``(I, 3, height, width)`` uint8, RGB.
        per_match: Name -> ``(M, ...)``, a row for each pixel that shows a point: 'image' (int64, row of
            ``per_image``), 'point' (int64, row of ``per_point``), 'pixel' ((u, v) float) and further ones.
        ragged: Name -> rows of which each sample has a number of its own.
    """

    points: list[Tensor]
    per_point: Mapping[str, Tensor] = field(default_factory=dict)
    per_image: Mapping[str, Tensor] = field(default_factory=dict)
    per_match: Mapping[str, Tensor] = field(default_factory=dict)
    ragged: Mapping[str, Ragged] = field(default_factory=dict)

    def at_voxels(self, name: str) -> Tensor:
        """A field of the points at the voxels ``(N, ...)``: that of the point which represents each voxel.

        Raises:
            ValueError: If the points have no such field.
        """
        return self._field('per_point', name)[self.representative]

    def at_images(self, name: str) -> Tensor:
        """A field of the images ``(I, ...)``; ValueError where they have no such field."""
        return self._field('per_image', name)

    @property
    def images(self) -> Tensor:
        """``(I, 3, height, width)`` uint8 RGB images of all samples; ValueError where the view has none."""
        return self.at_images('images')

    @cached_property
    def matches(self) -> PixelMatches:
        """Pixels of the images that show voxels of the view; ValueError where it has no images."""
        self._field('per_match', 'pixel')
        fields = dict(self.per_match)
        voxel = torch.cat(self.point2voxel)[fields.pop('point')]
        matches = PixelMatches(fields.pop('image'), fields.pop('pixel'), voxel, fields)
        return matches.select((voxel >= 0).nonzero().flatten())

    def _field(self, kind: str, name: str) -> Tensor:
        fields = getattr(self, kind)
        if name not in fields:
            raise ValueError(
                f'{kind} fields of a view must have {name!r}, got {sorted(fields) or "none"}; '
                'a transform of the pipeline adds it'
            )
        return fields[name]
