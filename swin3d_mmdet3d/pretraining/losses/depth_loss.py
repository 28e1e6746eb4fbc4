"""Differences of two depth maps in depth, in its gradient and in the direction of the surface."""

from __future__ import annotations

import torch
from mmdet3d.registry import MODELS
from torch import Tensor, nn
from torch.nn.functional import conv2d, cosine_similarity, max_pool2d

from ...models.losses.global_mean import global_mean_of_sum

SOBEL = ((1.0, 0.0, -1.0), (2.0, 0.0, -2.0), (1.0, 0.0, -1.0))


@MODELS.register_module()
class DepthLoss(nn.Module):
    """(depth + gradient along x + gradient along y + direction) / 3, means over the measured pixels.

    Depth and gradients are compared by log(1 + 2 |difference|), directions by 1 - cos of (-g_x, -g_y, 1),
    with g the Sobel gradient. Gradients are compared where the depth of all nine pixels was measured.

    Args:
        loss_weight: Factor.

    Source: pretrain/pri3d/model/loss.py of github.com/Sekunde/Pri3D (9086edd). It takes log(|difference| +
        0.5), which is less by log 2, so that the loss of a perfect depth is below 0; and gradients across
        edges of what was measured, where the missing depth counts as 0 m.
    """

    def __init__(self, loss_weight: float = 1.0) -> None:
        super().__init__()
        self.loss_weight = loss_weight
        kernel = torch.tensor(SOBEL)
        self.register_buffer('kernels', torch.stack([kernel, kernel.t()])[:, None], persistent=False)

    def forward(self, depth: Tensor, target: Tensor) -> Tensor:
        """Loss of a predicted depth.

        Args:
            depth: ``(I, h, w)`` metres.
            target: ``(I, h, w)`` metres, 0 where nothing was measured.

        Raises:
            ValueError: If the shapes differ, or images measure less than 3 x 3 pixels.
        """
        if depth.shape != target.shape or depth.ndim != 3:
            raise ValueError(
                f'depth and target must be (I, h, w), got {tuple(depth.shape)} and {tuple(target.shape)}'
            )
        if min(depth.shape[1:]) < 3:
            raise ValueError(
                f'depth must have at least 3 x 3 pixels, got {depth.shape[1]} x {depth.shape[2]}'
            )
        measured = target > 0
        missing = max_pool2d((~measured)[:, None].to(depth.dtype), 3, stride=1)[:, 0]
        own, wanted = self._gradients(depth), self._gradients(target.to(depth.dtype))
        direction = 1 - cosine_similarity(_directions(own), _directions(wanted), dim=1)
        parts = [_mean((depth - target).abs().mul(2).log1p(), measured)]
        parts += [
            _mean((own[:, axis] - wanted[:, axis]).abs().mul(2).log1p(), missing == 0) for axis in (0, 1)
        ]
        return self.loss_weight * (sum(parts) + _mean(direction, missing == 0)) / 3

    def _gradients(self, depth: Tensor) -> Tensor:
        """Sobel gradients ``(I, 2, h - 2, w - 2)`` of maps ``(I, h, w)``."""
        return conv2d(depth[:, None], self.kernels.to(depth.dtype))


def _directions(gradients: Tensor) -> Tensor:
    """Normals ``(I, 3, h, w)`` of the surfaces with gradients ``(I, 2, h, w)``, not of unit length."""
    return torch.cat([-gradients, torch.ones_like(gradients[:, :1])], dim=1)


def _mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean where the mask of any process holds; 0 where none ever does."""
    return global_mean_of_sum((values * mask).sum(), mask.sum())
