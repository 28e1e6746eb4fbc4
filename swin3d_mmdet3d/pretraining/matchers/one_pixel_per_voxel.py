"""Pairs of a pixel and a voxel, at most one a voxel."""

from __future__ import annotations

from dataclasses import replace

import torch
from mmdet3d.registry import MODELS
from torch import nn

from ...structures import PixelMatches
from .shuffled_rows import shuffled_rows


@MODELS.register_module()
class OnePixelPerVoxel(nn.Module):
    """Keep one random pixel of each voxel, and at most so many voxels of the batch.

    Several pixels of one voxel would be each other's negatives with the same feature.

    Args:
        max_pairs: Most pairs of a batch; all where there are fewer.
        shuffle: Give each voxel the pixel of another, as the control of a comparison.

    Source: arXiv 2104.04687, section 3.3, samples a fixed number of pairs; 4096 as in valeoai/SLidR.
    """

    def __init__(self, max_pairs: int = 4096, shuffle: bool = False) -> None:
        super().__init__()
        if max_pairs < 2:
            raise ValueError(f'max_pairs must be at least 2, got {max_pairs}')
        self.max_pairs = max_pairs
        self.shuffle = shuffle

    def forward(self, matches: PixelMatches) -> PixelMatches:
        """Choose among the matches of a batch."""
        order = torch.randperm(len(matches), device=matches.voxel.device)
        voxels, inverse = torch.unique(matches.voxel[order], return_inverse=True)
        first = order.new_full((len(voxels),), len(order))
        first.scatter_reduce_(0, inverse, torch.arange(len(order), device=order.device), 'amin')
        chosen = matches.select(order[first.sort().values[: self.max_pairs]])
        return replace(chosen, voxel=shuffled_rows(chosen.voxel)) if self.shuffle else chosen
