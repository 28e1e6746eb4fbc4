"""All levels of an encoder side by side, at the voxels of the finest."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmdet3d.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor

from ...structures import FeatureLevel, SparseVoxels, coarse_rows


@MODELS.register_module()
class LevelConcat(BaseModule):
    """Give each voxel of the finest level the features of the coarse voxels that hold it; no weights.

    What a linear probe of an encoder reads, where a decoder is missing or was not pretrained.

    Args:
        levels: Which of the levels that it is given, ascending; by default all of them.

    Raises:
        ValueError: If ``levels`` is empty or does not ascend from 0 or above.

    Source: the up-cast levels that probes of Sonata read (arXiv 2503.16429).
    """

    def __init__(self, levels: Sequence[int] | None = None) -> None:
        super().__init__()
        if levels is not None and (not levels or list(levels) != sorted({*levels}) or levels[0] < 0):
            raise ValueError(f'levels must be ascending numbers of levels, got {levels!r}')
        self.levels = None if levels is None else tuple(levels)

    def forward(self, levels: Sequence[FeatureLevel]) -> FeatureLevel:
        """Concatenate ``(feats (N, C), voxels)`` levels, given fine to coarse.

        Returns:
            ``(N, sum of C)`` features, the finest level's first, and the N voxels of the finest level used.

        Raises:
            ValueError: If there are fewer levels than are to be used, or a level does not hold all voxels.
        """
        return concatenated(self._used(levels))

    def pyramid(self, levels: Sequence[FeatureLevel]) -> tuple[FeatureLevel, ...]:
        """The one level of :meth:`forward`: all that models read of it."""
        return (self(levels),)

    def decode_coarse(self, levels: Sequence[FeatureLevel]) -> FeatureLevel:
        """All levels but the first, at the voxels of the second.

        Raises:
            ValueError: If the finest level of all is not used, or no other is.
        """
        used = self._used(levels)
        if len(used) < 2 or used[0] is not levels[0]:
            raise ValueError(f'chunks need levels that begin with 0 and a coarser one, got {self.levels}')
        return concatenated(used[1:])

    def refine(self, coarse: FeatureLevel, fine: FeatureLevel) -> FeatureLevel:
        """The last step, to the finest level or to any part of it."""
        return concatenated([fine, coarse])

    @property
    def refine_radius(self) -> int:
        """Fine voxels do not affect each other in :meth:`refine`."""
        return 0

    def _used(self, levels: Sequence[FeatureLevel]) -> list[FeatureLevel]:
        if self.levels is None:
            return list(levels)
        if self.levels[-1] >= len(levels):
            raise ValueError(f'levels must hold a level {self.levels[-1]}, got {len(levels)} levels')
        return [levels[index] for index in self.levels]


def concatenated(levels: Sequence[FeatureLevel]) -> FeatureLevel:
    """Features of levels, fine to coarse, side by side at the voxels of the first: ``(N, sum of C)``."""
    (feats, voxels), *coarser = levels
    columns = [feats, *(coarse[rows_of(voxels, cells)] for coarse, cells in coarser)]
    return torch.cat(columns, dim=1), voxels


def rows_of(voxels: SparseVoxels, cells: SparseVoxels) -> Tensor:
    """The row ``(N,)`` int64 of the coarse voxel that holds each of N voxels.

    Raises:
        ValueError: If some voxel lies in none.
    """
    rows = coarse_rows(voxels, cells)
    if bool((rows < 0).any()):
        raise ValueError(
            f'levels must be nested: {int((rows < 0).sum())} of {len(rows)} voxels of stride '
            f'{voxels.stride} lie in no voxel of stride {cells.stride}'
        )
    return rows
