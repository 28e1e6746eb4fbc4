"""Ponder: a scene is learnt by rendering what cameras saw of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from mmdet3d.registry import MODELS
from torch import Tensor

from ...models.losses.global_mean import global_mean, process_weight
from ...structures import CloudView, FeatureVolume
from ..base import BasePretrainer, skipped_frames
from ..heads.surface_renderer import Rays, Rendering

LOSS_WEIGHTS = dict(color=10.0, depth=1.0, surface=10.0, free_space=1.0, eikonal=0.01)
RAYS = ('ray_origin', 'ray_direction', 'ray_depth', 'ray_color')


@MODELS.register_module()
class Ponder(BasePretrainer):
    """Differentiable neural rendering of depth and colour images out of a cloud's features.

    A volume around the student's voxels is rendered along rays of posed RGB-D frames. With D and C the depth
    and colour of a pixel, D' and C' what is rendered, f the signed distance at depth t of a ray and tau the
    truncation, all means:

        color |C' - C|,  depth |D' - D|,  surface |t + f - D| for |t - D| < tau,
        free_space max(tau - f, 0) for t < D - tau,  eikonal (|grad f| - 1)^2.

    The voxels' axes are those of the world (``axes`` of the preprocessor by default).

    Args:
        volume: Config of the :class:`VoxelVolume` of the student's finest features.
        renderer: Config of the :class:`SurfaceRenderer`.
        loss_weights: Factors of the losses that shall not have those of the release.
        truncation: tau, metres.
        eikonal_share: Share of the samples whose gradient is taken, at least one a ray.
        kwargs: Arguments of :class:`BasePretrainer`.

    Source: arXiv 2301.00157 and 2310.08586, without the terms that read labels; weights as in
        configs/scannet/pretrain-ponder-spunet-v1m1-0-base.py of github.com/OpenGVLab/PonderV2, whose
        truncation is a twentieth of the scene.
    """

    def __init__(
        self,
        volume: dict,
        renderer: dict,
        loss_weights: Mapping[str, float] | None = None,
        truncation: float = 0.15,
        eikonal_share: float = 0.1,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.volume = MODELS.build(volume)
        self.renderer = MODELS.build(renderer)
        unknown = set(loss_weights or {}) - LOSS_WEIGHTS.keys()
        if unknown:
            raise ValueError(f'loss_weights may name {sorted(LOSS_WEIGHTS)}, got {sorted(unknown)}')
        if not truncation > 0:
            raise ValueError(f'truncation must be a positive length in metres, got {truncation}')
        if not 0 < eikonal_share <= 1:
            raise ValueError(f'eikonal_share must lie in (0, 1], got {eikonal_share}')
        self.loss_weights = {**LOSS_WEIGHTS, **(loss_weights or {})}
        self.truncation = truncation
        self.eikonal_share = eikonal_share

    def loss(self, views: list[CloudView], data_samples: list | None) -> dict[str, Tensor]:
        """The five losses of the first view's rays; 0 where no ray ends in the volume.

        Logged are the mean errors of depth, in metres, and colour, those of the best constants (the medians
        of the batch), the slope in 1 / metre, the shares of rays and voxels outside of the volume, and the
        frames that loading skipped.

        Raises:
            ValueError: If the view has no rays (``CameraRays``).
        """
        view = views[0]
        missing = set(RAYS) - view.ragged.keys()
        if missing:
            raise ValueError(
                f'ragged fields of a view must have {sorted(missing)}, got {sorted(view.ragged)}; '
                'CameraRays adds them'
            )
        volume = self.encode_volume(view)
        rays, depth, color = (self.rays_of(view), *(view.ragged[name].values for name in RAYS[2:]))
        surface = rays.at(depth[:, None])[:, 0] / view.voxels.voxel_size
        rows = volume.contains(rays.batch, surface).nonzero().flatten()
        log = dict(
            rays_outside=depth.new_tensor(1 - len(rows) / max(1, len(rays))),
            voxels_outside=volume.num_outside / len(view.voxels),
            skipped_frames=depth.new_tensor(float(skipped_frames(data_samples))),
        )
        if len(rows) == 0:
            return dict(loss_color=global_mean(self.zero_loss(), 0), **log)
        rays = Rays(rays.batch[rows], rays.origin[rows], rays.direction[rows])
        depth, color = depth[rows], color[rows]
        seen = self.renderer(volume, rays, view.voxels.voxel_size, depth)
        losses = dict(
            color=(seen.color - color).abs().mean(),
            depth=(seen.depth - depth).abs().mean(),
            **self._distances(seen, depth),
            eikonal=self._eikonal(volume, rays, seen, view.voxels.voxel_size),
        )
        log.update(
            color_error=losses['color'].detach(),
            depth_error=losses['depth'].detach(),
            median_color_error=(color - color.median(dim=0).values).abs().mean(),
            median_depth_error=(depth - depth.median()).abs().mean(),
            slope=self.renderer.slope.detach(),
        )
        weight = process_weight(len(rows), depth)
        weighted = {
            f'loss_{name}': weight * self.loss_weights[name] * value for name, value in losses.items()
        }
        return dict(**weighted, **log)

    def encode_volume(self, view: CloudView) -> FeatureVolume:
        """The volume of a view, from which any rays can be rendered."""
        return self.volume(*self.encode(view).finest)

    @staticmethod
    def rays_of(view: CloudView) -> Rays:
        """The rays of a view, in metres from coordinate (0, 0, 0) of their scenes."""
        origin, direction = (view.ragged[name] for name in RAYS[:2])
        batch = origin.sample
        return Rays(batch, origin.values - view.origin[batch], direction.values)

    def _distances(self, seen: Rendering, depth: Tensor) -> dict[str, Tensor]:
        """What the signed distance shall be near the surface and in front of it."""
        where, target = seen.sample_depth, depth[:, None]
        near = (where - target).abs() < self.truncation
        ahead = where < target - self.truncation
        off = (where + seen.sdf - target).abs()
        short = (self.truncation - seen.sdf).clamp(min=0)
        return dict(surface=_mean_of(off, near), free_space=_mean_of(short, ahead))

    def _eikonal(self, volume: FeatureVolume, rays: Rays, seen: Rendering, voxel_size: float) -> Tensor:
        """How far lengths of gradients are from 1, at a few samples of each ray."""
        num_rays, num_samples = seen.sample_depth.shape
        count = max(1, round(self.eikonal_share * num_samples))
        chosen = torch.rand(num_rays, num_samples, device=rays.origin.device).topk(count, dim=1).indices
        xyz = rays.at(seen.sample_depth.gather(1, chosen))
        gradient = self.renderer.gradient(volume, rays.batch, xyz, voxel_size)
        return (torch.linalg.vector_norm(gradient, dim=-1) - 1).square().mean()


def _mean_of(values: Tensor, mask: Tensor) -> Tensor:
    """Mean of the values where the mask says so; 0 of none."""
    return (values * mask).sum() / mask.sum().clamp(min=1)
