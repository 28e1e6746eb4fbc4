"""Which pixel of which image shows which voxel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor


@dataclass(frozen=True, eq=False)
class PixelMatches:
    """Pixels that show voxels.

    Attributes:
        image: ``(M,)`` int64, row among the batch's images.
        pixel: ``(M, 2)`` float, (u, v) in that image; the centre of the first pixel is (0, 0).
        voxel: ``(M,)`` int64, row among the batch's voxels.
        fields: Further fields of the matches, each ``(M, ...)``.
    """

    image: Tensor
    pixel: Tensor
    voxel: Tensor
    fields: Mapping[str, Tensor] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.voxel)

    def select(self, rows: Tensor) -> PixelMatches:
        """The matches of some rows."""
        fields = {name: values[rows] for name, values in self.fields.items()}
        return PixelMatches(self.image[rows], self.pixel[rows], self.voxel[rows], fields)
