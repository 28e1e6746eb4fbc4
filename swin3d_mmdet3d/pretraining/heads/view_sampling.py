"""Reading the maps of an image network at the pixels of points, view by view."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import grid_sample


def sample_views(maps: Tensor, pixels: Tensor, size: torch.Size) -> Tensor:
    """Values ``(B, V, M, C)`` of coarse ``(B V, C, h, w)`` maps at pixels of images of this size.

    Equal to reading ``interpolate(maps, size, mode='bicubic', align_corners=False)`` at the pixels, which
    would be a hundred times as large.

    Args:
        maps: Maps of V images of each of B objects.
        pixels: ``(B, V, M, 2)`` (u, v).
        size: Height and width of the images in pixels.
    """
    height, width = size
    exact = torch.promote_types(maps.dtype, torch.float32)  # 16 bits round pixels
    extent = pixels.new_tensor([width, height], dtype=exact)
    place = (2 * pixels.flatten(0, 1).to(exact) + 1) / extent - 1
    values = grid_sample(
        maps.to(exact), place[:, None], mode='bicubic', padding_mode='border', align_corners=False
    )
    return values[:, :, 0].transpose(1, 2).unflatten(0, pixels.shape[:2]).to(maps.dtype)


def pixels_of(pixels: Tensor, point: Tensor) -> Tensor:
    """The pixels ``(B, V, G, 2)`` of some points ``(B, G)`` out of those of all ``(B, V, P, 2)``."""
    index = point[:, None, :, None].expand(-1, pixels.shape[1], -1, 2)
    return pixels.gather(2, index)
