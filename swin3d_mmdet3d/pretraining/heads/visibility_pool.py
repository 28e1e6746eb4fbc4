"""Visibility pooling: one feature for each region of an image out of the voxels that are seen in it."""

from __future__ import annotations

from collections.abc import Sequence

from mmdet3d.registry import MODELS
from torch import Tensor, nn

from ...structures import PixelMatches
from ..group_pooling import group_maxima, group_means
from ..matchers import SeenRegions

MODES = dict(max=group_maxima, mean=group_means)


@MODELS.register_module()
class VisibilityPool(nn.Module):
    """Pool the features of the voxels that a pixel of the region shows; each counts once.

    Hidden voxels take no part. The release multiplies by the visibility before its maximum, which holds for
    features above 0 alone: features of either sign would be cut off at 0.

    Args:
        mode: 'max' or 'mean'.
        grid: Rows and columns of regions that an image is divided into; (1, 1) is the whole image.
        shuffle: Give the voxels of each region to another, see :class:`SeenRegions`.

    Raises:
        ValueError: If the mode is another word, or the grid has no region.

    Source: visibility-aware feature aggregation of arXiv 2207.03128, of whole images; regions are ours.
    """

    def __init__(self, mode: str = 'max', grid: Sequence[int] = (1, 1), shuffle: bool = False) -> None:
        super().__init__()
        if mode not in MODES:
            raise ValueError(f'mode must be one of {sorted(MODES)}, got {mode!r}')
        self.mode = mode
        self.regions = SeenRegions(grid, shuffle)

    def forward(
        self, feats: Tensor, matches: PixelMatches, num_images: int, size: Sequence[int]
    ) -> tuple[Tensor, Tensor]:
        """Pool.

        Args:
            feats: ``(N, C)`` features of the voxels that ``matches`` names.
            matches: Pixels that show voxels.
            num_images: Number of images I.
            size: Height and width of the images in pixels.

        Returns:
            ``(R, C)`` features of all R regions, image by image and row by row, 0 where none is seen, and
            ``(R,)`` bool, whether one is.
        """
        rows, columns = self.regions.grid
        num_regions = num_images * rows * columns
        region, voxel = self.regions(matches, size)
        return MODES[self.mode](feats[voxel], region, num_regions)
