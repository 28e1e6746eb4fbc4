"""Pairs of a region of an image and a voxel that is seen in it."""

from __future__ import annotations

from collections.abc import Sequence

from mmdet3d.registry import MODELS
from torch import Tensor, nn

from ...structures import PixelMatches
from .shuffled_rows import shuffled_rows


@MODELS.register_module()
class SeenRegions(nn.Module):
    """Which voxels the pixels of each region show, each pair once.

    Args:
        grid: Rows and columns of regions that an image is divided into; (1, 1) is the whole image.
        shuffle: Give the voxels of each region to another that shows some, as the control of a comparison.

    Raises:
        ValueError: If the grid has no region.
    """

    def __init__(self, grid: Sequence[int] = (1, 1), shuffle: bool = False) -> None:
        super().__init__()
        if len(grid) != 2 or min(grid) < 1:
            raise ValueError(f'grid must be rows and columns of at least 1, got {tuple(grid)}')
        self.grid = tuple(grid)
        self.shuffle = shuffle

    def forward(self, matches: PixelMatches, size: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Find the pairs.

        Args:
            matches: Pixels that show voxels.
            size: Height and width of the images in pixels.

        Returns:
            ``(M,)`` int64 regions, numbered image by image and row by row, and ``(M,)`` int64 rows of voxels.
        """
        num_voxels = int(matches.voxel.max()) + 1 if len(matches) else 1
        pairs = (matches.regions(size, self.grid) * num_voxels + matches.voxel).unique()
        region, voxel = pairs // num_voxels, pairs % num_voxels
        return shuffled_rows(region) if self.shuffle else region, voxel
