"""Progressive masking: the voxels that a student sees, and somewhat more that it shall reconstruct."""

from __future__ import annotations

import math
from abc import ABCMeta, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ...structures import CloudView, SparseVoxels


class NestedVoxels(nn.Module, metaclass=ABCMeta):
    """Of each scene the voxels of the highest score are visible, and more by that score are its target.

    The visible share r of a scene is drawn at random; of its n voxels floor(r n) are visible, at least one,
    and floor((r + gap) n) in the target. Among equal scores the lower row comes first.

    Args:
        visible: Range of the visible share, in (0, 1].
        gap: How much larger the target's share is; both together are at most 1.

    Source: arXiv 2212.09948 (progressive reconstruction); ``Informative_Perserved_Mask`` of
        github.com/MingyeXu/mm-3dscene.
    """

    def __init__(self, visible: Sequence[float] = (0.2, 0.9), gap: float = 0.1) -> None:
        super().__init__()
        low, high = visible
        if not 0 < low <= high <= 1:
            raise ValueError(f'visible must be a range within (0, 1], got {tuple(visible)}')
        if not 0 <= gap <= 1 - high + 1e-9:
            raise ValueError(f'gap must lie in [0, {1 - high:g}], what is not visible, got {gap}')
        self.visible = (float(low), float(high))
        self.gap = gap

    @abstractmethod
    def score(self, voxels: SparseVoxels) -> Tensor:
        """Rank ``(N,)`` of the voxels within their scene: those of high values stay visible."""

    @torch.no_grad()
    def forward(self, view: CloudView) -> tuple[Tensor, Tensor]:
        """Rows of the visible voxels ``(V,)`` and of the target's ``(M,)``, which holds them; both ascend."""
        voxels = view.voxels
        scores = self.score(voxels).split(voxels.counts)
        low, high = self.visible
        shares = (low + (high - low) * torch.rand(len(scores), dtype=torch.float64)).tolist()
        visible, target = [], []
        for share, score, start in zip(shares, scores, voxels.host_ptr):
            order = start + torch.argsort(score, descending=True, stable=True)
            count = num_of_share(share, len(order))
            visible.append(order[:count].sort().values)
            target.append(order[: max(count, num_of_share(share + self.gap, len(order)))].sort().values)
        return torch.cat(visible), torch.cat(target)


def num_of_share(share: float, total: int) -> int:
    """floor(share * total), at least 1 of any; 0.7 + 0.1 counts as 0.8 although floats say otherwise."""
    return min(total, max(1, math.floor(share * total + 1e-6)))
