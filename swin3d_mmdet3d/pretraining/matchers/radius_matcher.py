"""Pairs of voxels of two views that show the same place."""

from __future__ import annotations

import torch
from mmdet3d.registry import MODELS
from swin3d_ops import knn
from torch import Tensor, nn

from ...structures import CloudView, SparseVoxels, bounds_of_items
from .shuffled_rows import shuffled_rows


@MODELS.register_module()
class RadiusMatcher(nn.Module):
    """For each voxel of a view the nearest ones of another, by where their points lay before augmentation.

    Args:
        radius: Largest distance of a pair, metres.
        max_pairs: Most pairs of a batch, drawn at random.
        num_neighbors: Most pairs of a voxel of the first view.
        shuffle: Exchange the partners at random, as the control of a comparison.

    Source: arXiv 2007.10985, section 3.2, matches within 1.5 voxels; 4096 pairs.
    """

    def __init__(
        self, radius: float, max_pairs: int = 4096, num_neighbors: int = 1, shuffle: bool = False
    ) -> None:
        super().__init__()
        if not radius > 0:
            raise ValueError(f'radius must be a positive length in metres, got {radius}')
        if max_pairs < 2:
            raise ValueError(f'max_pairs must be at least 2, got {max_pairs}')
        if num_neighbors < 1:
            raise ValueError(f'num_neighbors must be at least 1, got {num_neighbors}')
        self.radius = radius
        self.max_pairs = max_pairs
        self.num_neighbors = num_neighbors
        self.shuffle = shuffle

    def forward(self, first: CloudView, second: CloudView) -> tuple[Tensor, Tensor]:
        """Rows ``(M,)`` of the first view's voxels, and of the second's that match them.

        Raises:
            ValueError: If a view does not know where its points lay (``SourceCoords``).
        """
        places = [view.at_voxels('source_xyz') for view in (first, second)]
        return self.match(places[0], first.voxels, places[1], second.voxels)

    def match(
        self, place_a: Tensor, first: SparseVoxels, place_b: Tensor, second: SparseVoxels
    ) -> tuple[Tensor, Tensor]:
        """The same of any voxels, such as those of a coarse level, by where they lay.

        Args:
            place_a: ``(N, 3)`` metres, where the first voxels lay in the recording; not finite where they lay
                nowhere: they match nothing.
            first: The N voxels.
            place_b: ``(N', 3)`` likewise.
            second: The N' voxels, of as many scenes.
        """
        (row_a, place_a, item_a), (row_b, place_b, item_b) = _known(place_a, first), _known(place_b, second)
        num_items = first.batch_size
        in_both = torch.bincount(item_b, minlength=num_items)[item_a] > 0
        row_a, place_a, item_a = row_a[in_both], place_a[in_both], item_a[in_both]
        ptr_a, ptr_b = (bounds_of_items(item, num_items) for item in (item_a, item_b))
        index, distance = knn(place_a, place_b, self.num_neighbors, ptr_a, ptr_b)
        near, column = (_without_repeats(index, distance) <= self.radius).nonzero(as_tuple=True)
        drawn = torch.randperm(len(near), device=near.device)[: self.max_pairs]
        near, column = near[drawn], column[drawn]
        partner = row_b[index[near, column]]
        return row_a[near], shuffled_rows(partner) if self.shuffle else partner


def _without_repeats(index: Tensor, distance: Tensor) -> Tensor:
    """Distances ``(M, k)``, infinite where a row names the neighbour before it again, for want of others."""
    repeats = torch.zeros_like(index, dtype=torch.bool)
    repeats[:, 1:] = index[:, 1:] == index[:, :-1]
    return distance.masked_fill(repeats, torch.inf)


def _known(place: Tensor, voxels: SparseVoxels) -> tuple[Tensor, Tensor, Tensor]:
    """Rows ``(M,)`` of the voxels that lay somewhere, where that was (M, 3), and their items.

    Points that another scene brought in (``Mix3D``) lay nowhere: nan.
    """
    rows = place.isfinite().all(dim=1).nonzero().flatten()
    return rows, place[rows], voxels.coords[rows, 0].long()
