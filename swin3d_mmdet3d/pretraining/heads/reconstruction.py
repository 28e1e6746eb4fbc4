"""Heads that reconstruct what hidden voxels look like, each with its loss."""

from __future__ import annotations

import torch
from mmdet3d.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity

from ...models.losses.global_mean import global_mean_of_sum
from ...structures.normal_points import COLOR_DIMS, NORMAL_DIMS


class PointReconstruction(BaseModule):
    """A linear layer from features to three columns of the points.

    Args:
        in_channels: Width of the features.
        loss_weight: Factor of the loss.
        shuffle: Take the points in random order, as the control of a comparison.
        init_cfg: Initialisation config of mmengine.
    """

    columns: list[int]

    def __init__(
        self,
        in_channels: int,
        loss_weight: float = 1.0,
        shuffle: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.shuffle = shuffle
        self.linear = nn.Linear(in_channels, 3)
        self.loss_weight = loss_weight

    def forward(self, feats: Tensor, points: Tensor) -> Tensor:
        """The loss of N voxels, a mean over those of all processes; 0 for none.

        Args:
            feats: ``(N, C)`` features of voxels whose points the network did not see.
            points: ``(N, 6)`` or ``(N, 9)`` their points, after augmentation: xyz in metres, rgb in [-1, 1],
                unit normal.

        Raises:
            ValueError: If the points lack the columns.
        """
        if points.shape[1] <= self.columns[-1]:
            raise ValueError(
                f'points must have columns up to {self.columns[-1]} for {type(self).__name__}, '
                f'got {points.shape[1]} columns'
            )
        if self.shuffle:
            points = points[torch.randperm(len(points), device=points.device)]
        error = self.error(self.linear(feats).float(), points[:, self.columns])
        return self.loss_weight * global_mean_of_sum(error.sum(), len(error))

    def error(self, predicted: Tensor, true: Tensor) -> Tensor:
        """Error ``(N,)`` of each of ``(N, 3)`` predictions."""
        raise NotImplementedError


@MODELS.register_module()
class ColorReconstruction(PointReconstruction):
    """Colour of hidden voxels: mean over voxels of |W f + b - c|^2, c in [-1, 1]^3.

    Source: MSC (arXiv 2303.14191).
    """

    columns = COLOR_DIMS

    def error(self, predicted: Tensor, true: Tensor) -> Tensor:
        """Squared distance."""
        return (predicted - true).square().sum(dim=1)


@MODELS.register_module()
class NormalReconstruction(PointReconstruction):
    """Surface normal of hidden voxels: mean over voxels of 1 - cos(W f + b, n).

    Source: MSC (arXiv 2303.14191). The released code (MSC-v1m1 of github.com/Pointcept/Pointcept) adds
    +cos to the loss, which drives the prediction away from the normal; it is off in the released recipe.
    """

    columns = NORMAL_DIMS

    def error(self, predicted: Tensor, true: Tensor) -> Tensor:
        """One less the cosine, in [0, 2]; 1 where a point has no normal."""
        return 1 - cosine_similarity(predicted, true, dim=1)
