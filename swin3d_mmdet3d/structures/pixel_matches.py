"""Which pixel of which image shows which voxel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
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

    def regions(self, size: Sequence[int], grid: Sequence[int]) -> Tensor:
        """The region of each pixel: images are divided into a grid of equal parts, numbered row by row.

        Args:
            size: Height and width of the images in pixels.
            grid: Rows and columns of regions that an image is divided into.

        Returns:
            ``(M,)`` int64; those of an image follow those of the image before.
        """
        (height, width), (rows, columns) = size, grid
        extent, parts = self.pixel.new_tensor([width, height]), self.image.new_tensor([columns, rows])
        place = ((self.pixel + 0.5) * parts / extent).long()  # pixels span -0.5 .. width - 0.5
        place = torch.minimum(place, parts - 1)
        return (self.image * rows + place[:, 1]) * columns + place[:, 0]
