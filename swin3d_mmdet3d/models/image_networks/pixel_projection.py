"""The up-sampling feature projection layer: 1 x 1 convolution and bilinear up-sampling, read at pixels."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmdet3d.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn.functional import grid_sample

from ...structures import PixelMatches


@MODELS.register_module()
class PixelProjection(BaseModule):
    """Features of pixels out of coarse maps.

    The up-sampled map is never made (480 x 640 x 128 floats are 157 MB an image): the coarse map is sampled
    bilinearly at the pixels, which gives the same values. Several maps are projected and added, which equals
    one convolution over their up-sampled channels side by side.

    Args:
        in_channels: Width of each map of the teacher.
        out_channels: Width of the result.
        init_cfg: Initialisation config of mmengine.

    Source: UPL of arXiv 2104.04687, section 3.2.
    """

    def __init__(
        self, in_channels: int | Sequence[int], out_channels: int, init_cfg: dict | None = None
    ) -> None:
        super().__init__(init_cfg)
        widths = [in_channels] if isinstance(in_channels, int) else in_channels
        self.convs = nn.ModuleList(nn.Conv2d(width, out_channels, 1) for width in widths)

    def forward(self, maps: Sequence[Tensor], matches: PixelMatches, size: Sequence[int]) -> Tensor:
        """Project and read.

        Args:
            maps: Per level ``(I, C, h, w)``.
            matches: Pixels of the I images.
            size: Height and width of the images in pixels.

        Returns:
            ``(M, C_out)``.

        Raises:
            ValueError: If there are not as many maps as ``in_channels``.
        """
        if len(maps) != len(self.convs):
            raise ValueError(f'maps must be {len(self.convs)}, got {len(maps)}')
        return sum(
            sample_pixels(conv(feature_map), matches, size) for conv, feature_map in zip(self.convs, maps)
        )


def sample_pixels(feature_map: Tensor, matches: PixelMatches, size: Sequence[int]) -> Tensor:
    """Bilinear values ``(M, C)`` of a coarse ``(I, C, h, w)`` map at pixels of images of this size.

    Equal to reading ``interpolate(map, size, mode='bilinear', align_corners=False)`` at whole pixels.
    """
    height, width = size
    extent = matches.pixel.new_tensor([width, height])
    place = (2 * matches.pixel + 1) / extent - 1  # -1 .. 1 between the images' borders
    exact = torch.promote_types(feature_map.dtype, torch.float32)  # 16 bits round pixels
    order = torch.argsort(matches.image)
    counts = torch.bincount(matches.image, minlength=len(feature_map)).tolist()
    values = [
        grid_sample(one[None], where[None, None], padding_mode='border', align_corners=False)[0, :, 0].t()
        for one, where in zip(feature_map.to(exact), place[order].to(exact).split(counts))
    ]
    sampled = torch.cat(values).to(feature_map.dtype)
    return torch.empty_like(sampled).index_copy(0, order, sampled)
