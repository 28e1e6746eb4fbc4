"""Pairs of pixels of two images that show one voxel."""

from __future__ import annotations

from dataclasses import replace

import torch
from mmdet3d.registry import MODELS
from torch import Tensor, nn

from ...structures import PixelMatches
from .shuffled_rows import shuffled_rows


@MODELS.register_module()
class SharedVoxelPixels(nn.Module):
    """For each voxel that several images show a random pixel of two of them.

    A voxel is in one pair at most: two pairs of it would be each other's negatives with the same feature.

    Args:
        max_pairs: Most pairs of a batch, drawn at random.
        shuffle: Exchange the second pixels at random, as the control of a comparison.

    Source: arXiv 2104.11225; ``warp`` of pretrain/pri3d/model/model.py, github.com/Sekunde/Pri3D (9086edd),
        for which pixels correspond where they lie in one place within 5 cm by the measured depth. Here that
        is what the matches of pixels and points say.
    """

    def __init__(self, max_pairs: int = 1024, shuffle: bool = False) -> None:
        super().__init__()
        if max_pairs < 2:
            raise ValueError(f'max_pairs must be at least 2, got {max_pairs}')
        self.max_pairs = max_pairs
        self.shuffle = shuffle

    def forward(self, matches: PixelMatches) -> tuple[PixelMatches, PixelMatches]:
        """Matches of the first and of the second pixel of each pair, row by row of one voxel."""
        rows = _one_pixel_per_image(matches)
        rows = rows[torch.randperm(len(rows), device=rows.device)]
        rows = rows[torch.argsort(matches.voxel[rows], stable=True)]
        voxel = matches.voxel[rows]
        same = voxel[1:] == voxel[:-1]
        begins = torch.ones_like(same)
        begins[1:] = ~same[:-1]
        first = (same & begins).nonzero().flatten()
        first = first[torch.randperm(len(first), device=first.device)[: self.max_pairs]]
        one, other = matches.select(rows[first]), matches.select(rows[first + 1])
        return (one, _exchanged(other)) if self.shuffle else (one, other)


def _one_pixel_per_image(matches: PixelMatches) -> Tensor:
    """Rows ``(R,)`` of the matches: a random one for each voxel and image that shows it."""
    order = torch.randperm(len(matches), device=matches.voxel.device)
    shown = torch.stack([matches.voxel, matches.image], dim=1)[order]
    _, inverse = torch.unique(shown, dim=0, return_inverse=True)
    first = order.new_full((len(order),), len(order))
    first.scatter_reduce_(0, inverse, torch.arange(len(order), device=order.device), 'amin')
    return order[first[first < len(order)]]


def _exchanged(matches: PixelMatches) -> PixelMatches:
    """The same voxels with the pixels of others."""
    rows = shuffled_rows(torch.arange(len(matches), device=matches.voxel.device))
    return replace(matches.select(rows), voxel=matches.voxel)
