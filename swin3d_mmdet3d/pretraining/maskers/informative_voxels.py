"""Informative-preserved masking: what differs from its surroundings stays visible."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmdet3d.registry import MODELS
from swin3d_ops import knn
from torch import Tensor

from ...structures import SparseVoxels
from .nested_voxels import NestedVoxels


@MODELS.register_module()
class InformativeVoxels(NestedVoxels):
    """The voxels that differ most from their neighbours, in colour and place, are visible.

    Args:
        num_neighbors: Nearest voxels of each voxel K, itself among them.
        visible: Range of the visible share, in (0, 1]; (0.2, 0.8) in the release's pretraining for boxes.
        gap: How much larger the target's share is.

    Source: arXiv 2212.09948 (local statistics); ``Informative_Perserved_Mask`` of
        github.com/MingyeXu/mm-3dscene, which brings the scores to [0, 1] over the whole batch.
    """

    def __init__(
        self, num_neighbors: int = 30, visible: Sequence[float] = (0.2, 0.9), gap: float = 0.1
    ) -> None:
        super().__init__(visible, gap)
        if num_neighbors < 2:
            raise ValueError(f'num_neighbors must be at least 2, got {num_neighbors}')
        self.num_neighbors = num_neighbors

    def score(self, voxels: SparseVoxels) -> Tensor:
        """Local difference ``(N,)`` of each voxel, in [0, 2]; see :func:`local_difference`."""
        return local_difference(voxels, self.num_neighbors)


def local_difference(voxels: SparseVoxels, num_neighbors: int) -> Tensor:
    r"""How much voxels differ from their neighbours, ``(N,)``.

        d_i = norm(\sum_k |c_i - c_k|^2) + norm(\sum_k |p_i - p_k|^2)

    over the K nearest voxels of the scene, or all where it has fewer; c are colours, p positions, and norm
    brings the values of each scene to [0, 1], constant ones to 0.

    Args:
        voxels: The voxels, with signals 'xyz' and 'rgb'.
        num_neighbors: Neighbours K, the voxel itself among them.

    Raises:
        ValueError: If the voxels have no colours or no positions.
    """
    for name in ('xyz', 'rgb'):
        if name not in voxels.signals:
            raise ValueError(f'signals of the voxels must have {name!r}, got {sorted(voxels.signals)}')
    place, ptr = voxels.signals['xyz'], voxels.ptr
    index, distance = knn(place, place, num_neighbors, ptr, ptr, known=True)
    scene = voxels.coords[:, 0].long()
    # a scene with fewer than K voxels repeats its last neighbour
    counts = torch.arange(num_neighbors, device=index.device) < ptr.diff()[scene, None]
    color = voxels.signals['rgb']
    contrast = (color[:, None] - color[index]).square().sum(dim=2)
    sums = ((of_pairs * counts).sum(dim=1) for of_pairs in (contrast, distance.square()))
    return sum(_to_unit_range(values, scene, voxels.batch_size) for values in sums)


def _to_unit_range(values: Tensor, scene: Tensor, batch_size: int) -> Tensor:
    """Each scene's values ``(N,)``, from its least at 0 to its greatest at 1; all 0 where they are equal."""
    low = values.new_full((batch_size,), torch.inf).scatter_reduce(0, scene, values, 'amin')[scene]
    high = values.new_full((batch_size,), -torch.inf).scatter_reduce(0, scene, values, 'amax')[scene]
    # values that differ by what rounding leaves are equal
    return torch.where(high - low > 1e-6 * high, (values - low) / (high - low), 0)
